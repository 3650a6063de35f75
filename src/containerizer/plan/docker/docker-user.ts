// Who a container of type DOCKER runs as: the user that its image or a parameter names, by the
// accounts of the image's own files.
import { dockerError } from './docker-error.ts';

/** What the image's files have of accounts; empty where there is no such file. */
export interface Accounts {
  /** The text of /etc/passwd. */
  readonly users: string;
  /** The text of /etc/group. */
  readonly groups: string;
}

export interface InsideUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** The home directory. */
  readonly home: string;
}

/** `asked`: `USER` or `USER:GROUP`, names or numbers. Throws ContainerizerError. */
export function insideUser(asked: string, more: readonly string[], accounts: Accounts): InsideUser {
  const at = asked.indexOf(':');
  const [user, group] = at < 0 ? [asked, ''] : [asked.slice(0, at), asked.slice(at + 1)];
  const users = linesOf(accounts.users);
  const groups = linesOf(accounts.groups);
  const name = user === '' ? '0' : user;
  const number = numberOf(name);
  const entry =
    users.find(([each]) => each === name) ??
    users.find((it) => number !== undefined && numberOf(it[2]) === number);
  const uid = entry === undefined ? number : numberOf(entry[2]);
  if (uid === undefined) {
    throw dockerError(`the image has no user '${name}' in its /etc/passwd`);
  }
  const groupOf = (text: string): number => {
    const found = groups.find(([each]) => each === text);
    const gid = found === undefined ? numberOf(text) : numberOf(found[2]);
    if (gid === undefined) {
      throw dockerError(`the image has no group '${text}' in its /etc/group`);
    }
    return gid;
  };
  const gid = group === '' ? (numberOf(entry?.[3]) ?? 0) : groupOf(group);
  // Whose group is named has no others, as with docker.
  const member = group === '' && entry !== undefined ? entry[0] : undefined;
  const others = groups.flatMap(([, , id, members = '']) => {
    const isMember = member !== undefined && members.split(',').includes(member);
    const found = isMember ? numberOf(id) : undefined;
    return found === undefined ? [] : [found];
  });
  const all = new Set([...others, ...more.map(groupOf)]);
  return {
    uid,
    gid,
    groups: [gid, ...[...all].filter((it) => it !== gid)],
    home: entry?.[5] || '/',
  };
}

const linesOf = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([name]) => name !== '' && name?.startsWith('#') === false);

/** The kernel's are of 32 bits, of which the last one is none. */
const LAST = 2 ** 32 - 2;

function numberOf(text: string | undefined): number | undefined {
  const number = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number <= LAST ? number : undefined;
}
