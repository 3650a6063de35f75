// `mesoscale task files VERB`: the files in a task's sandbox.
import { printFile } from '../files/cat.ts';
import { getFiles } from '../files/get.ts';
import { listFiles } from '../files/list.ts';
import { tailForever } from '../files/tail.ts';
import type { Asked } from '../verb.ts';
import type { TASK_CAT_FLAGS, TASK_GET_FLAGS, TASK_LS_FLAGS, TASK_TAIL_FLAGS } from './flags.ts';
import { fileOf } from './sandbox.ts';

export const list = ({ words: [task = '', path = ''], values }: Asked<typeof TASK_LS_FLAGS>) =>
  listFiles(values, () => fileOf(task, path, values));

export async function cat({ words, values }: Asked<typeof TASK_CAT_FLAGS>): Promise<void> {
  const [task = '', path = ''] = words;
  await printFile(await fileOf(task, path, values), values.raw);
}

export async function get({ words, values }: Asked<typeof TASK_GET_FLAGS>): Promise<void> {
  const [task = '', path = ''] = words;
  const place = await fileOf(task, path, values);
  const name = /^[./]*$/.test(path) ? task : '';
  await getFiles(place, { to: values.to, isArchive: values.archive, name });
}

export async function tailFile({ words, values }: Asked<typeof TASK_TAIL_FLAGS>): Promise<void> {
  const [task = '', path = ''] = words;
  await tailForever(await fileOf(task, path, values), values);
}
