// The file of --acls: access control lists, to which rules of principals are added, and from which
// they are taken. Rules that an operator has written himself stay as they are.
import { parseAcls } from '../../security/acls.ts';
import type { Rules } from './principals.ts';
import { SecureError } from './secure-error.ts';

type Lists = Readonly<Record<string, unknown>>;

interface Rule {
  readonly principals: { readonly values?: readonly string[] };
}

/** What nobody was given is refused. */
export const CLOSED_LISTS: Lists = { permissive: false };

/** Throws SecureError. */
export function parseLists(file: string, text: string): Lists {
  try {
    const lists = JSON.parse(text);
    parseAcls(lists);
    return lists;
  } catch (error) {
    throw new SecureError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Rules that are there already are not added again. */
export function withRules(lists: Lists, rules: Rules): Lists {
  const added = Object.entries(rules).map(([list, rule]) => {
    const before = (lists[list] ?? []) as readonly object[];
    const isThere = before.some((each) => JSON.stringify(each) === JSON.stringify(rule));
    return [list, isThere ? before : [...before, rule]];
  });
  return { ...lists, ...Object.fromEntries(added) };
}

/** Without the principal in rules, and without rules that are about nobody else. */
export function withoutPrincipal(lists: Lists, principal: string): Lists {
  const isOther = (name: string) => name !== principal;
  const left = Object.entries(lists).map(([list, value]) => {
    const rules = Array.isArray(value) ? (value as readonly Rule[]) : undefined;
    return [
      list,
      rules?.flatMap((rule) => {
        const values = rule.principals.values ?? [];
        const others = values.filter(isOther);
        if (others.length === values.length) {
          return rule;
        }
        return others.length === 0 ? [] : { ...rule, principals: { values: others } };
      }) ?? value,
    ];
  });
  return Object.fromEntries(left);
}

/** A line for each rule. */
export function listsText(lists: Lists): string {
  const fields = Object.entries(lists).map(([name, value]) => {
    const text = Array.isArray(value)
      ? `[\n${value.map((rule) => `    ${JSON.stringify(rule)}`).join(',\n')}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}
