// `mesoscale context`: shows the contexts of this user, and chooses one.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse } from 'smol-toml';
import { contextNamed, readContexts } from '../connection/contexts.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { presentList } from '../output/present.ts';
import { printable } from '../output/printable.ts';
import type { Format } from '../output/shown.ts';

interface Row {
  readonly name: string;
  readonly isCurrent: boolean;
  readonly texts: Readonly<Record<string, string>>;
}

/** Who may read a file with secrets. */
const PRIVATE = 0o600;

export async function listContexts(values: {
  readonly output: Format;
  readonly headers: boolean;
}): Promise<void> {
  const { path, current: chosen, byName, faults } = readContexts(process.env);
  const variable = overriding(process.env);
  const current = variable === undefined ? chosen : process.env.MESOSCALE_CONTEXT || undefined;
  if (variable !== undefined) {
    process.stderr.write(`${variable} in the environment holds, whatever context was chosen\n`);
  }
  for (const fault of faults.values()) {
    process.stderr.write(`${printable(fault)}\n`);
  }
  await presentList<Row>(
    { ...values, watch: false, interval: 0, filter: undefined, sort_by: undefined },
    async () => ({
      rows: [...byName].map(([name, texts]) => ({ name, texts, isCurrent: name === current })),
      columns: [
        { title: 'NAME', text: ({ name }) => name },
        { title: 'CURRENT', text: ({ isCurrent }) => (isCurrent ? 'yes' : '') },
        { title: 'MASTER', text: ({ texts }) => withoutSecret(texts.master ?? '') },
        { title: 'PRINCIPAL', text: ({ texts }) => texts.principal ?? '' },
      ],
      nameOf: ({ name }) => name,
      jsonOf: ({ name, isCurrent, texts }) => ({
        name,
        current: isCurrent,
        master: withoutSecret(texts.master ?? ''),
        principal: texts.principal,
      }),
      none: `no contexts in ${path}`,
    }),
  );
}

const withoutSecret = (text: string) => text.replace(/\/\/[^/@]*@/, '//****@');

/** The variable that names the master, or another context, before the file is asked. */
function overriding({ MESOSCALE_CONTEXT, MESOS_MASTER }: NodeJS.ProcessEnv): string | undefined {
  if (MESOSCALE_CONTEXT) {
    return 'MESOSCALE_CONTEXT';
  }
  return MESOS_MASTER ? 'MESOS_MASTER' : undefined;
}

/** Throws CommandError where none holds. */
export function showContext(): void {
  const contexts = readContexts(process.env);
  const variable = overriding(process.env);
  if (variable === 'MESOS_MASTER') {
    throw new CommandError(EXIT.notFound, 'no context holds: MESOS_MASTER names the master');
  }
  const name = process.env.MESOSCALE_CONTEXT || contexts.current;
  if (name === undefined) {
    throw new CommandError(
      EXIT.notFound,
      `no context is chosen in ${contexts.path}: mesoscale context list shows them`,
    );
  }
  contextNamed(contexts, name);
  process.stdout.write(`${printable(name)}\n`);
}

/** Changes one line of the file; comments and all else stay. */
export async function useContext(name: string): Promise<void> {
  const contexts = readContexts(process.env);
  contextNamed(contexts, name);
  const { path } = contexts;
  const text = readFileSync(path, 'utf8');
  const line = `context = ${JSON.stringify(name)}`;
  const tables = text.search(/^\s*\[/m);
  const head = tables < 0 ? text : text.slice(0, tables);
  const rest = tables < 0 ? '' : text.slice(tables);
  const set = /^\s*context\s*=.*$/m;
  const changed = set.test(head) ? head.replace(set, line) + rest : `${line}\n${head}${rest}`;
  // What was written must say what was meant, however the file was written.
  if (parse(changed).context !== name) {
    throw new Error(`${path} could not be changed`);
  }
  mkdirSync(dirname(path), { recursive: true });
  const aside = `${path}.new`;
  writeFileSync(aside, changed, { mode: statSync(path).mode & PRIVATE });
  renameSync(aside, path);
  process.stdout.write(`context ${name}\n`);
  const variable = overriding(process.env);
  if (variable !== undefined) {
    process.stderr.write(
      `${variable} in the environment still names another cluster: unset it, or say --context\n`,
    );
  }
}
