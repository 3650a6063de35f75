// The project's own source files, for the house tests.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export const root = dirname(dirname(import.meta.dirname));

export interface Source {
  /** Relative to the root of the repository, such as src/wire/json.ts. */
  readonly path: string;
  readonly text: string;
}

export function sources(pattern: string): Source[] {
  return globSync(pattern, { cwd: root })
    .filter((path) => !path.includes('/generated/'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** The text with comments and the contents of strings blanked; line numbers stay. */
export function codeOf({ text }: Source): string {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|\$\{[^`]*?\}|[^`\\])*`/g;
  return text.replaceAll(token, (match) =>
    match.startsWith('`') ? keepInterpolations(match) : match.replaceAll(/[^\n'"]/g, ' '),
  );
}

/** Only the expressions of a template are code. */
function keepInterpolations(template: string): string {
  const kept = [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, code]) => code).join(';');
  return `\`\`;${kept};${'\n'.repeat(template.split('\n').length - 1)}`;
}

export interface Import {
  /** For our own modules a path relative to the root, otherwise the specifier. */
  readonly target: string;
  readonly typeOnly: boolean;
}

export function importsOf({ path, text }: Source): Import[] {
  const statement =
    /^\s*(?:import|export)\s+(type\s+)?(?:[\w*{][^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...text.matchAll(statement)].map(([whole, type, from, dynamic]) => {
    const specifier = from ?? dynamic ?? '';
    return {
      target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
      typeOnly: type !== undefined || onlyTypes(whole),
    };
  });
}

/** Whether it is `import { type A, type B } from …`. */
function onlyTypes(statement: string): boolean {
  const names = /\{([^}]*)\}/
    .exec(statement)?.[1]
    ?.split(',')
    .map((name) => name.trim());
  return names?.filter(Boolean).every((name) => name.startsWith('type ')) ?? false;
}
