// The machine's users, whatever name service it uses. A user is looked up by name, once for each
// launch: the identity that is found is both authorized and switched to.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { userNameError } from '../../model/user.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { readText } from '../records/record-file.ts';

const run = promisify(execFile);

// A look-up starts processes, so it is kept this long; tasks see a change of groups this much
// later.
const KEEP_MS = 30_000;
const MAX_KEPT = 1000;

const ROOT = 'root';

/** The user and groups that a process switches to. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export const withGroups = (identity: Identity, groups: readonly number[]): Identity => ({
  ...identity,
  groups: [...new Set([...identity.groups, ...groups])],
});

export interface User {
  readonly identity: Identity;
  /** All names of the same uid, the requested one included. */
  readonly names: readonly string[];
}

export class Users {
  readonly #kept = new Map<string, { readonly untilMs: number; readonly user: Promise<User> }>();

  /**
   * The identity to switch to; undefined where the agent runs as that user already. `mayRunAs` must
   * allow all names of the user. Root has one name only: a master that bars root knows it by that
   * name, so `toor` with uid 0 is refused.
   */
  async identity(
    name: string,
    mayRunAs: (name: string) => boolean = () => true,
  ): Promise<Identity | undefined> {
    const { identity, names } = await this.#find(name);
    if (name !== ROOT && names.includes(ROOT)) {
      throw new ContainerizerError(
        `Cannot run as user '${name}': it is root on this machine, and root goes by the name '${ROOT}'`,
      );
    }
    const denied = names.find((it) => it !== name && !mayRunAs(it));
    if (denied !== undefined) {
      throw new ContainerizerError(
        `Not authorized to run as user '${name}': it is user '${denied}' on this machine`,
      );
    }
    return this.#toSwitchTo(name, identity);
  }

  /** As `identity`, for the user with this uid. */
  async withId(uid: number): Promise<Identity | undefined> {
    return this.#toSwitchTo(String(uid), (await entryOf(uid)).identity);
  }

  #toSwitchTo(user: string, identity: Identity): Identity | undefined {
    if (process.geteuid?.() === 0) {
      return identity;
    }
    if (identity.uid === process.geteuid?.()) {
      return undefined;
    }
    throw new ContainerizerError(
      `Cannot run as user '${user}': the agent does not run as root and cannot switch users`,
    );
  }

  /** Concurrent launches share one look-up. */
  #find(name: string): Promise<User> {
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.untilMs > performance.now()) {
      return kept.user;
    }
    const user = lookUp(name);
    if (this.#kept.size >= MAX_KEPT) {
      this.#kept.clear();
    }
    this.#kept.set(name, { untilMs: performance.now() + KEEP_MS, user });
    // A user that was not found is looked up again next time.
    user.catch(() => this.#kept.delete(name));
    return user;
  }
}

async function lookUp(name: string): Promise<User> {
  const error = userNameError(name);
  if (error !== undefined) {
    throw new ContainerizerError(`Failed to get user information: ${error}`);
  }
  const entry = await entryOf(name);
  // Some name services find `Root`, and some tools take a text that is no name for a number.
  if (entry.name !== name) {
    throw unknown(name);
  }
  const { uid } = entry.identity;
  const usual = await entryOf(uid);
  return { identity: entry.identity, names: [...new Set([name, usual.name, ...localNames(uid)])] };
}

interface Entry {
  readonly name: string;
  readonly identity: Identity;
}

/** The account with this name, or the main account with this uid. */
async function entryOf(user: string | number): Promise<Entry> {
  // Without getent the script answers with the requested name, provided that `id` knows it.
  const script =
    'if command -v getent > /dev/null; then getent passwd "$1"; ' +
    'else echo "$(id -un "$1"):x:$(id -u "$1"):$(id -g "$1")"; fi && id -G "$1"';
  try {
    const { stdout } = await run('/bin/sh', ['-c', script, 'sh', String(user)]);
    const [account = '', groups = ''] = stdout.split('\n');
    const [name = '', , uid, gid] = account.split(':');
    const identity = {
      uid: Number(uid),
      gid: Number(gid),
      groups: groups.trim().split(' ').map(Number),
    };
    if (Number.isInteger(identity.uid) && Number.isInteger(identity.gid)) {
      return { name, identity };
    }
  } catch (cause) {
    // An exit code means that there is no such user; without one the program did not even start.
    if (cause instanceof Error && 'code' in cause && typeof cause.code === 'number') {
      throw unknown(String(user), cause);
    }
    throw new ContainerizerError(`Failed to look up user '${user}': ${String(cause)}`, { cause });
  }
  throw unknown(String(user));
}

/** The machine has no user of that name. */
export class UnknownUserError extends ContainerizerError {}

const unknown = (user: string, cause?: unknown) =>
  new UnknownUserError(
    `Failed to get user information for '${user}': no such user on this machine`,
    { cause },
  );

/** All names that /etc/passwd has for a uid. */
export function localNames(uid: number, accounts = localAccounts()): string[] {
  return accounts
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name, , id]) => name !== '' && id !== undefined && id !== '' && Number(id) === uid)
    .map(([name = '']) => name);
}

function localAccounts(): string {
  // A machine may have no file of accounts, and use a name service only.
  return readText('/etc/passwd', 'utf8') ?? '';
}
