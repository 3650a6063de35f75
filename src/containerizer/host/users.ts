// Who a user is on this machine, by whatever name service it uses. A user is looked up by name,
// once for each launch: the identity that was found is the one that is authorized and the one that
// is switched to.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { userNameError } from '../../model/user.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { readText } from '../records/record-file.ts';

const run = promisify(execFile);

// Looking a user up costs a process; a change of groups is seen by tasks launched this much later.
const KEEP_MS = 30_000;
const MAX_KEPT = 1000;

const ROOT = 'root';

/** What a process is switched to. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export interface User {
  readonly identity: Identity;
  /** Every name that is known to stand for the same uid, the one asked for included. */
  readonly names: readonly string[];
}

export class Users {
  readonly #kept = new Map<string, { readonly untilMs: number; readonly user: Promise<User> }>();

  /**
   * The identity to switch to, or undefined where the agent itself runs as that user. `mayRunAs`
   * has to allow all of the user's names. Root has one name only, since a master that bars root
   * knows it by its name: `toor` with uid 0 is refused.
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

  /** The identity of the user with this uid, as `identity`. */
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

  /** Launches that come together share one look. */
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
    // Who was not found is looked for again.
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
  // Some name services find `Root`, and some tools take what is no name for a number.
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

/** The account with this name, or the usual name of this uid. */
async function entryOf(user: string | number): Promise<Entry> {
  // Systems without getent answer with the name that was asked for: there, `id` has to know it.
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
    // Only the programs' own answer says that there is none: they may not have been started.
    if (cause instanceof Error && 'code' in cause && typeof cause.code === 'number') {
      throw unknown(String(user), cause);
    }
    throw new ContainerizerError(`Failed to look up user '${user}': ${String(cause)}`, { cause });
  }
  throw unknown(String(user));
}

/** The name stands for nobody on this machine. */
export class UnknownUserError extends ContainerizerError {}

const unknown = (user: string, cause?: unknown) =>
  new UnknownUserError(
    `Failed to get user information for '${user}': no such user on this machine`,
    { cause },
  );

/** All names that the machine's own list of accounts has for a uid. */
export function localNames(uid: number, accounts = localAccounts()): string[] {
  return accounts
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name, , id]) => name !== '' && id !== undefined && id !== '' && Number(id) === uid)
    .map(([name = '']) => name);
}

function localAccounts(): string {
  // A machine may know its accounts from elsewhere alone.
  return readText('/etc/passwd', 'utf8') ?? '';
}
