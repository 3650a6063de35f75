// Calls that change something: what will happen is said first; dangerous ones are asked about, and
// with --dry-run nothing is sent.
import { createInterface } from 'node:readline/promises';
import type { MasterCall, MasterResponse } from '../../model/generated/messages.ts';
import { jsonValue } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';
import type { Cluster } from './connection/cluster.ts';
import { CommandError, EXIT } from './outcome.ts';

export interface Deed {
  /** What will happen, in a line or more: `3 tasks end.` */
  readonly consequence?: string;
  readonly calls: readonly MasterCall[];
  /** What has been done, in a line, once it is: `agent X drains`. */
  readonly done: string;
}

interface DeedValues {
  readonly dry_run: boolean;
  /** Absent where nothing is asked. */
  readonly yes?: boolean;
}

/** Rejects with CommandError where the operator says no, and as the calls do. */
export async function perform(
  cluster: Cluster,
  { consequence, calls, done }: Deed,
  values: DeedValues,
): Promise<readonly MasterResponse[]> {
  if (values.dry_run) {
    if (consequence !== undefined) {
      process.stderr.write(`${consequence}\n`);
    }
    for (const call of calls) {
      process.stdout.write(`${JSON.stringify(jsonValue(types.MasterCall, call), undefined, 2)}\n`);
    }
    process.stderr.write(`nothing was sent (--dry-run); it goes to ${cluster.address}/api/v1\n`);
    return [];
  }
  if (values.yes === false) {
    await confirm(consequence ?? 'This cannot be undone.');
  }
  const answers: MasterResponse[] = [];
  for (const call of calls) {
    answers.push(await cluster.master(call));
  }
  process.stdout.write(`${done}\n`);
  return answers;
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
