// `mesoscale agent files VERB`: an agent's log and sandboxes, by their virtual paths.

import type { AgentValues } from '../connection/agents.ts';
import { printFile } from '../files/cat.ts';
import type { FilePlace } from '../files/file-server.ts';
import { getFiles } from '../files/get.ts';
import { listAttached, listFiles } from '../files/list.ts';
import { tailForever } from '../files/tail.ts';
import type { Asked } from '../verb.ts';
import type {
  AGENT_CAT_FLAGS,
  AGENT_GET_FLAGS,
  AGENT_LS_FLAGS,
  AGENT_TAIL_FLAGS,
} from './file-flags.ts';
import { reachedAgent } from './reached.ts';

export async function list({ words, values }: Asked<typeof AGENT_LS_FLAGS>): Promise<void> {
  const [agent = '', path] = words;
  await (path === undefined
    ? listAttached(values, async () => (await reachedAgent(agent, values)).get('/files/debug'))
    : listFiles(values, () => fileAt(agent, path, values)));
}

export async function cat({ words, values }: Asked<typeof AGENT_CAT_FLAGS>): Promise<void> {
  const [agent = '', path = ''] = words;
  await printFile(await fileAt(agent, path, values), values.raw);
}

export async function tail({ words, values }: Asked<typeof AGENT_TAIL_FLAGS>): Promise<void> {
  const [agent = '', path = ''] = words;
  await tailForever(await fileAt(agent, path, values), values);
}

export async function get({ words, values }: Asked<typeof AGENT_GET_FLAGS>): Promise<void> {
  const [agent = '', path = ''] = words;
  const place = await fileAt(agent, path, values);
  await getFiles(place, { to: values.to, isArchive: values.archive, name: '' });
}

async function fileAt(text: string, path: string, values: AgentValues): Promise<FilePlace> {
  const server = await reachedAgent(text, values);
  return { server, path: path.replace(/(?<=.)\/+$/, ''), of: server.who };
}
