// mesos-cat and mesos-tail: a file of a task's sandbox, as it is, or as it grows.
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { printFile } from '../operate/files/cat.ts';
import type { FilePlace } from '../operate/files/file-server.ts';
import { tail } from '../operate/files/tail.ts';
import { fileOf } from '../operate/task/sandbox.ts';
import type { FILE_FLAGS } from './flags.ts';
import { connectionOf } from './script.ts';

type Parsed = ParsedFlags<typeof FILE_FLAGS>;

export async function runCat({ values }: Parsed): Promise<void> {
  await printFile(await placeOf(values), false);
}

/** From the beginning on, until it is interrupted. */
export async function runTail({ values }: Parsed): Promise<void> {
  await tail([{ place: await placeOf(values), stream: process.stdout }], {
    lines: undefined,
    isRaw: false,
    isFollowed: true,
    isOver: async () => false,
  });
}

function placeOf(values: FlagValues<typeof FILE_FLAGS>): Promise<FilePlace> {
  const { framework, task, file } = values;
  if (framework === undefined || task === undefined || file === undefined) {
    throw new FlagError('expected --framework, --task and --file');
  }
  return fileOf(task, file, { ...connectionOf(values), framework });
}
