// Who a user is on this machine, by whatever name service it uses.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ContainerizerError } from './containerizer-error.ts';
import type { Identity } from './spawner.ts';

const run = promisify(execFile);

// Looking a user up costs a process; a change of groups is seen by tasks launched this much later.
const keepMs = 30_000;
const maxKept = 1000;

export class Users {
  readonly #kept = new Map<string, { readonly untilMs: number; readonly identity: Identity }>();

  /** The identity to switch to, or undefined where the agent itself runs as that user. */
  async identity(user: string | undefined): Promise<Identity | undefined> {
    if (user === undefined || user === '') {
      return undefined;
    }
    const kept = this.#kept.get(user);
    const identity =
      kept !== undefined && kept.untilMs > performance.now()
        ? kept.identity
        : await this.#find(user);
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

  async #find(user: string): Promise<Identity> {
    const identity = await lookUp(user);
    if (this.#kept.size >= maxKept) {
      this.#kept.clear();
    }
    this.#kept.set(user, { untilMs: performance.now() + keepMs, identity });
    return identity;
  }
}

async function lookUp(user: string): Promise<Identity> {
  // A leading dash would be read as an option; no user's name begins with one.
  if (user.startsWith('-') || user.includes('\0')) {
    throw new ContainerizerError(`Failed to get user information for '${user}': invalid name`);
  }
  const script = 'id -u "$1" && id -g "$1" && id -G "$1"';
  try {
    const { stdout } = await run('/bin/sh', ['-c', script, 'sh', user]);
    const [uid = '', gid = '', groups = ''] = stdout.split('\n');
    return { uid: Number(uid), gid: Number(gid), groups: groups.trim().split(' ').map(Number) };
  } catch (error) {
    throw new ContainerizerError(
      `Failed to get user information for '${user}': no such user on this machine`,
      { cause: error },
    );
  }
}
