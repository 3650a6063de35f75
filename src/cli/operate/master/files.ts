// `mesoscale master files VERB`: the log of the leading master, by its virtual path.
import type { MASTER_CAT_FLAGS, MASTER_GET_FLAGS, MASTER_TAIL_FLAGS } from '../agent/file-flags.ts';
import { Cluster, type ConnectionValues } from '../connection/cluster.ts';
import { MasterFiles } from '../connection/master-files.ts';
import { printFile } from '../files/cat.ts';
import type { FilePlace } from '../files/file-server.ts';
import { getFiles } from '../files/get.ts';
import { tailForever } from '../files/tail.ts';
import type { Asked } from '../verb.ts';

export async function cat({ words, values }: Asked<typeof MASTER_CAT_FLAGS>): Promise<void> {
  await printFile(await fileAt(words[0], values), values.raw);
}

export async function tail({ words, values }: Asked<typeof MASTER_TAIL_FLAGS>): Promise<void> {
  await tailForever(await fileAt(words[0], values), values);
}

export async function get({ words, values }: Asked<typeof MASTER_GET_FLAGS>): Promise<void> {
  const place = await fileAt(words[0], values);
  await getFiles(place, { to: values.to, isArchive: values.archive, name: '' });
}

async function fileAt(path = '/master/log', values: ConnectionValues): Promise<FilePlace> {
  const cluster = await Cluster.of(values);
  return { server: new MasterFiles(cluster), path, of: 'the master' };
}
