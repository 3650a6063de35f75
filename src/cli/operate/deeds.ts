// Calls that change something: what will happen is said first; dangerous ones are asked about, and
// with --dry-run nothing is sent.
import { createInterface } from 'node:readline/promises';
import type { MasterCall, MasterResponse } from '../../model/generated/messages.ts';
import { jsonValue } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';
import type { Cluster } from './connection/cluster.ts';
import { CommandError, EXIT, outcomeOf } from './outcome.ts';
import { printable } from './output/printable.ts';

interface Announcement {
  /** What will happen, in a line or more: `3 tasks end.` */
  readonly consequence?: string | undefined;
  /**
   * Looks again at what the calls replace, right before they are sent. Rejects with CommandError
   * where somebody has changed it since: Mesos's API knows no versions.
   */
  guard?(): Promise<void>;
}

export interface Deed extends Announcement {
  readonly calls: readonly MasterCall[];
  /** What has been done, in a line, once it is: `agent X drains`. */
  readonly done: string;
}

/** One of several things that the same is done to. */
export interface Step {
  readonly call: MasterCall;
  /** What it is done to, for the line of an error: `agent X`. */
  readonly subject: string;
  /** As of a deed. */
  readonly done: string;
  /** What to do about it if the master refuses. */
  readonly hint?: string | undefined;
}

export interface DeedValues {
  readonly dry_run: boolean;
  /** Absent where nothing is asked. */
  readonly yes?: boolean;
}

/** The cluster, or what calls it in another way. */
type Caller = Pick<Cluster, 'address' | 'where' | 'master'>;

/**
 * Resolves without answers where nothing was to be sent. Rejects with CommandError where the
 * operator says no, and as the calls do.
 */
export async function perform(
  cluster: Caller,
  { calls, done, ...announcement }: Deed,
  values: DeedValues,
): Promise<readonly MasterResponse[]> {
  if (!(await isToBeSent(cluster, announcement, calls, values))) {
    return [];
  }
  const answers: MasterResponse[] = [];
  for (const call of calls) {
    answers.push(await cluster.master(call));
  }
  process.stdout.write(`${printable(done)}\n`);
  return answers;
}

/**
 * Does the same to several things, one after the other. One that is refused does not keep the
 * others from it, unless that is so for all: then, too, what was done is said. Resolves with
 * whether anything was sent.
 */
export async function performEach(
  cluster: Caller,
  { steps, ...announcement }: Announcement & { readonly steps: readonly Step[] },
  values: DeedValues,
): Promise<boolean> {
  const calls = steps.map(({ call }) => call);
  if (!(await isToBeSent(cluster, announcement, calls, values))) {
    return false;
  }
  const failures: CommandError[] = [];
  for (const [index, { call, subject, done, hint }] of steps.entries()) {
    try {
      await cluster.master(call);
      process.stdout.write(`${printable(done)}\n`);
    } catch (error) {
      const failure = withHint(outcomeOf(error), hint);
      const isForAll = failure.status === EXIT.notAllowed || failure.status === EXIT.unreachable;
      if (steps.length === 1 || (isForAll && index === 0)) {
        throw failure;
      }
      const left = isForAll ? steps.length - index - 1 : 0;
      const told = left === 0 ? '' : `; ${left} more were not tried`;
      failures.push(new CommandError(failure.status, `${subject}: ${failure.message}${told}`));
      if (isForAll) {
        break;
      }
    }
  }
  const [first] = failures;
  if (first !== undefined) {
    throw new CommandError(first.status, failures.map(({ message }) => message).join('\n'));
  }
  return true;
}

const withHint = (failure: CommandError, hint: string | undefined): CommandError =>
  hint === undefined || failure.status !== EXIT.failed
    ? failure
    : new CommandError(failure.status, `${failure.message}: ${hint}`);

async function isToBeSent(
  cluster: Caller,
  { consequence, guard }: Announcement,
  calls: readonly MasterCall[],
  values: DeedValues,
): Promise<boolean> {
  if (values.dry_run) {
    if (consequence !== undefined) {
      process.stderr.write(`${printable(consequence)}\n`);
    }
    for (const call of calls) {
      process.stdout.write(`${JSON.stringify(jsonValue(types.MasterCall, call), undefined, 2)}\n`);
    }
    process.stderr.write(`nothing was sent (--dry-run); it goes to ${cluster.address}/api/v1\n`);
    return false;
  }
  if (values.yes === false) {
    const what = consequence ?? 'This cannot be undone.';
    await confirm(printable(`${what} The master is ${cluster.where}.`));
  }
  await guard?.();
  return true;
}

/** Rejects with CommandError unless a person types yes. */
async function confirm(consequence: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandError(EXIT.usage, `${consequence} Nobody can be asked here: expected --yes`);
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`${consequence} Go on? [y/N] `);
    if (!/^y(?:es)?$/i.test(answer.trim())) {
      throw new CommandError(EXIT.failed, 'nothing was done');
    }
  } finally {
    asking.close();
  }
}
