// Where the records of containers are, also of nested ones, and records of earlier versions.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunRecords } from '../../../src/containerizer/records/run-records.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { childOf } from '../../../src/model/container-id.ts';
import { containerId } from '../../../src/model/ids.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';

const id = containerId('0b1f1f0e-9a3b-4a57-8a86-3f1f0c3b8f11');
let folder: ReturnType<typeof temporaryFolder>;
let work: WorkDirectory;

beforeEach(() => {
  folder = temporaryFolder();
  work = new WorkDirectory(folder.path);
});

afterEach(() => folder[Symbol.dispose]());

test('records of a version before nested containers are found as they are', () => {
  const run = join(folder.path, 'meta', 'containers', id);
  mkdirSync(run, { recursive: true });
  const files = {
    supervisor:
      '4242 7700 4243 7701 1764380000000 11111111-2222-3333-4444-555555555555 kept 4c4575aa\n',
    status: `wait 256 256\n${' '.repeat(50)}\n`,
    failure: `${' '.repeat(1033)}\n`,
    killing: '1764380001000 SIGTERM 99a6c246\n',
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(run, name), text);
  }
  const warnings: string[] = [];
  const records = new RunRecords(work, (text) => warnings.push(text));
  expect(records.all()).toEqual([id]);
  const record = records.claim(id);
  expect(record).toEqual({
    supervisor: { pid: 4242, startTicks: 7700 },
    process: { pid: 4243, startTicks: 7701 },
    startedMs: 1764380000000,
    bootId: '11111111-2222-3333-4444-555555555555',
    isBound: false,
  });
  expect(record && records.alive(record)).toBe(false);
  expect(records.end(id)).toEqual({ waitStatus: 256, failure: undefined, loss: undefined });
  expect(records.killing(id)).toBe('1764380001000 SIGTERM');
  expect(warnings).toEqual([]);
});

test('nested containers have their records in the folder of their parent, and go before it', async () => {
  const records = new RunRecords(work);
  const child = childOf(id, 'task');
  const session = childOf(child, 'session');
  const sibling = childOf(id, 'other');
  for (const each of [id, child, session, sibling]) {
    records.create(each);
  }
  const nested = join(work.containers, id, 'containers', 'task', 'containers', 'session');
  expect(records.folder(session)).toBe(nested);
  expect(existsSync(join(nested, 'status'))).toBe(true);
  expect(work.containerAt(nested)).toBe(session);
  const all = records.all();
  expect(all.toSorted()).toEqual([id, child, session, sibling].toSorted());
  expect(all.at(-1)).toBe(id);
  expect(all.indexOf(session)).toBeLessThan(all.indexOf(child));
  expect(records.all(child)).toEqual([session]);
  expect(await records.listed()).toEqual(all);
  await records.remove(child);
  expect(records.all().toSorted()).toEqual([id, sibling].toSorted());
});

test('a container can only be nested in one that has records', () => {
  const records = new RunRecords(work);
  expect(() => records.create(childOf(id, 'task'))).toThrow(/Failed to make room .*ENOENT/);
  expect(existsSync(records.folder(id))).toBe(false);
});

test('the records of a container are not those of a second one with its id', () => {
  const records = new RunRecords(work);
  records.create(id);
  records.rememberKill(id, '1764380001000 SIGTERM');
  expect(() => records.create(id)).toThrow(/Failed to make room .*EEXIST/);
  expect(records.killing(id)).toBe('1764380001000 SIGTERM');
});

test('folders that no container can have are none', () => {
  const records = new RunRecords(work);
  records.create(id);
  mkdirSync(join(work.containers, 'a.b'));
  writeFileSync(join(records.folder(id), 'containers'), 'a file');
  expect(records.all()).toEqual([id]);
  expect(work.containerAt(join(folder.path, 'elsewhere'))).toBeUndefined();
  expect(work.containerAt(join(work.containers, 'a', 'other', 'b'))).toBeUndefined();
});
