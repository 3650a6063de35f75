// `… files ls`: the entries of a folder, or the one file.

import { roundedBytes } from '../../../model/bytes.ts';
import type { FileInfo } from '../../../model/generated/messages.ts';
import { modeText } from '../../../webui/store/folder.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { LIST_FLAGS } from '../output/flags.ts';
import type { Column, Listing } from '../output/listing.ts';
import { presentList } from '../output/present.ts';
import { type FilePlace, isFolder, nameOf } from './file-server.ts';

const NS_PER_MS = 1_000_000n;

const COLUMNS: readonly Column<FileInfo>[] = [
  { title: 'MODE', text: ({ path, mode = 0 }) => modeText({ path, mode }) },
  { title: 'OWNER', text: ({ uid = '' }) => uid },
  { title: 'GROUP', text: ({ gid = '' }) => gid, isWide: true },
  {
    title: 'SIZE',
    text: (info) => (isFolder(info) ? '' : roundedBytes(info.size ?? 0)),
    order: ({ size = 0 }) => size,
    sizeUnit: 'B',
    isRight: true,
  },
  { title: 'BYTES', text: ({ size = 0 }) => String(size), isRight: true, isWide: true },
  { title: 'MODIFIED', text: (info) => timeText(modifiedMs(info)), order: modifiedMs },
  { title: 'NAME', text: (info) => (isFolder(info) ? `${nameOf(info)}/` : nameOf(info)) },
];

export const listFiles = (
  values: FlagValues<typeof LIST_FLAGS>,
  find: () => Promise<FilePlace>,
): Promise<void> =>
  presentList(values, async (): Promise<Listing<FileInfo>> => {
    const { server, path, of } = await find();
    return {
      rows: await server.list(path),
      columns: COLUMNS,
      nameOf,
      jsonOf: (info) => jsonValue(types.FileInfo, info),
      none: `${of} has nothing there, or it is a file`,
    };
  });

function modifiedMs({ mtime }: FileInfo): number {
  return Number((mtime?.nanoseconds ?? 0n) / NS_PER_MS);
}

/** In the time of this machine, to the second. */
function timeText(ms: number): string {
  const at = new Date(ms);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join('-');
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`;
}

/** The paths that a server shows, which are no folder of it, and where they are on its disk. */
export const listAttached = (
  values: FlagValues<typeof LIST_FLAGS>,
  read: () => Promise<unknown>,
): Promise<void> =>
  presentList(values, async (): Promise<Listing<readonly [path: string, place: string]>> => {
    const answer = (await read()) ?? {};
    if (typeof answer !== 'object' || Array.isArray(answer)) {
      throw new CommandError(EXIT.failed, 'what shows the files cannot be read: it is no object');
    }
    const told = Object.entries(answer);
    return {
      rows: told.map(([path, place]) => [path, String(place)] as const),
      columns: [
        { title: 'PATH', text: ([path]) => path },
        { title: 'ON DISK', text: ([, place]) => place, isWide: true },
      ],
      nameOf: ([path]) => path,
      jsonOf: ([path, place]) => ({ path, place }),
      none: 'it shows no files',
    };
  });
