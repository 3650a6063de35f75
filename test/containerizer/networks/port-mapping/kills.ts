// An agent that attaches and detaches containers until it is killed, and the one that comes after
// it. Functions that run in the network of a test.
import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { containerId } from '../../../../src/model/ids.ts';
import {
  askedFor,
  makeNamespace,
  namespaceOf,
  notedOf,
  open,
  type Records,
  recovered,
  removeNamespace,
} from './mapped-machine.ts';

const execute = promisify(execFile);
const IDS = ['a', 'b', 'c', 'd'];
const LOOK =
  'tc filter show dev eth0 ingress; tc filter show dev lo ingress; ip -brief link | grep ^mesos-p; ls /run | grep -x [a-d]';

const readRecords = (file: string): Records => JSON.parse(readFileSync(file, 'utf8'));

function writeRecords(file: string, records: Records): void {
  writeFileSync(`${file}.new`, JSON.stringify(records));
  renameSync(`${file}.new`, file);
}

/** Never ends by itself. Says, before each thing that it does, what that is. */
export async function liveUntilKilled(file: string): Promise<never> {
  const mapping = await open();
  const records: Records = {};
  const note = (id: string) => async (state: unknown) => {
    records[id] = state;
    writeRecords(file, records);
  };
  writeRecords(file, records);
  for (let at = 0; ; at++) {
    await Promise.all(
      IDS.map(async (id, index) => {
        const begin = 31_000 + 100 * index + (at % 7);
        const asked = askedFor({ id, begin, end: begin + 9 });
        process.stdout.write('step\n');
        if (records[id] === undefined) {
          await makeNamespace(id);
          const abort = new AbortController().signal;
          const place = { id: containerId(id), namespace: namespaceOf(id) };
          await mapping.attach({ ...place, asked, note: note(id), abort });
        } else if (at % 3 === 1) {
          const place = { id: containerId(id), namespace: namespaceOf(id) };
          await mapping.update({ ...place, asked, note: note(id) });
        } else {
          await mapping.detach(...notedOf(records, id));
          await removeNamespace(id);
          delete records[id];
          writeRecords(file, records);
        }
      }),
    );
  }
}

/** As the next agent does, which takes nothing over. Returns what is left after that. */
export async function comeAfter(file: string): Promise<string> {
  const records = readRecords(file);
  const mapping = await recovered(records);
  for (const id of Object.keys(records)) {
    await mapping.detach(...notedOf(records, id));
  }
  // A namespace may have been made before there was a record.
  for (const id of IDS) {
    await removeNamespace(id).catch(() => {});
  }
  await execute('rm', ['-f', ...IDS.map(namespaceOf)]);
  return (await execute('sh', ['-c', `${LOOK}; true`])).stdout;
}
