// Plugins that go on after the agent that has started them was killed. What they still do would
// come after it is undone.
import { readdir, readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerId } from '../../../model/ids.ts';

const LONGEST_MS = 5_000;
const LOOK_MS = 20;

/** Ends those of the agent's user that are about this container. */
export async function endLeftPlugins(id: ContainerId): Promise<void> {
  for (let waited = 0; waited < LONGEST_MS; waited += LOOK_MS) {
    const pids = await pluginsOf(id);
    if (pids.length === 0) {
      return;
    }
    for (const pid of pids) {
      kill(pid);
    }
    await delay(LOOK_MS, undefined, { ref: false });
  }
}

async function pluginsOf(id: ContainerId): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name) && (await isPluginOf(`/proc/${name}`, id))) {
      found.push(Number(name));
    }
  }
  return found;
}

/** A process that has ended has no environment any more. */
async function isPluginOf(folder: string, id: ContainerId): Promise<boolean> {
  try {
    const { uid } = await stat(folder);
    if (uid !== process.geteuid?.()) {
      return false;
    }
    const variables = (await readFile(`${folder}/environ`, 'utf8')).split('\0');
    return (
      variables.includes(`CNI_CONTAINERID=${id}`) &&
      variables.some((variable) => variable.startsWith('CNI_COMMAND='))
    );
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
