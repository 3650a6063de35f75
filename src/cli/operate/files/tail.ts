// `… files tail`, and `task logs`: the end of files, and what comes to it.
import { setTimeout as wait } from 'node:timers/promises';
import { plainText } from '../../../webui/words/names.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { FilePlace } from './file-server.ts';
import type { TAIL_FLAGS } from './flags.ts';
import { FollowedFile } from './followed.ts';
import { writerTo } from './output.ts';

const EVERY_MS = 1_000;
/** So often in a row there is nothing more after the end. */
const IDLE_LOOKS = 2;

interface TailOptions {
  /** How many lines there are at first; without, all. */
  readonly lines: number | undefined;
  readonly isRaw: boolean;
  /** Whether to go on with what comes. */
  readonly isFollowed: boolean;
  /** With isFollowed: whether nothing will come any more. */
  isOver(): Promise<boolean>;
}

/** A file and where it goes to. */
export interface Tailed {
  readonly place: FilePlace;
  readonly stream: NodeJS.WriteStream;
}

/** Rejects with CommandError. Of several files those are left out that are not there (yet). */
export async function tail(files: readonly Tailed[], options: TailOptions): Promise<void> {
  const { lines, isRaw, isFollowed, isOver } = options;
  const followed = files.map(
    ({ place, stream }) => new FollowedFile(place, writerTo(stream, isRaw)),
  );
  const begun = new Set<FollowedFile>();
  const isAlone = followed.length === 1;
  const look = async (file: FollowedFile): Promise<boolean> => {
    if (begun.has(file)) {
      return file.readOn();
    }
    try {
      await file.begin(lines);
    } catch (error) {
      if (isMissing(error) && (isFollowed || !isAlone)) {
        return false;
      }
      throw error;
    }
    begun.add(file);
    return true;
  };
  const lookAll = async () => {
    let hasMore = false;
    for (const file of followed) {
      hasMore = (await look(file)) || hasMore;
    }
    return hasMore;
  };
  await lookAll();
  const away = new Away();
  let idle = 0;
  while (isFollowed) {
    await wait(EVERY_MS);
    try {
      // What was written before the end is read after it is known, and may come a little later.
      const isLast = await isOver();
      const hasMore = await lookAll();
      away.isBack();
      idle = isLast && !hasMore ? idle + 1 : 0;
      if (idle === IDLE_LOOKS) {
        return;
      }
    } catch (error) {
      away.tell(error);
    }
  }
}

/** One file, with --follow until Ctrl-C. */
export const tailForever = (
  place: FilePlace,
  { lines, raw, follow }: FlagValues<typeof TAIL_FLAGS>,
): Promise<void> =>
  tail([{ place, stream: process.stdout }], {
    lines,
    isRaw: raw,
    isFollowed: follow,
    isOver: async () => false,
  });

const isMissing = (error: unknown) =>
  error instanceof CommandError && error.status === EXIT.notFound;

/** An agent that is restarted is waited for. */
class Away {
  #isTold = false;

  /** Throws what is no interruption. */
  tell(error: unknown): void {
    if (!(error instanceof CommandError) || error.status !== EXIT.unreachable) {
      throw error;
    }
    if (!this.#isTold) {
      process.stderr.write(`${plainText(error.message)}; waiting for it\n`);
    }
    this.#isTold = true;
  }

  isBack(): void {
    if (this.#isTold) {
      process.stderr.write('it answers again\n');
    }
    this.#isTold = false;
  }
}
