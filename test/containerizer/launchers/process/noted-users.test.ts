import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UnknownEndError } from '../../../../src/containerizer/containerizer-error.ts';
import { Users } from '../../../../src/containerizer/host/users.ts';
import { NotedUsers } from '../../../../src/containerizer/launchers/process/noted-users.ts';
import { RunRecords } from '../../../../src/containerizer/records/run-records.ts';
import { WorkDirectory } from '../../../../src/containerizer/work-directory.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { temporaryFolder } from '../../../agent-driver/harness.ts';

const ID = containerId('a');

// Else a health check would fail, and its task be killed for that.
test.each(['user', 'inside'])('a damaged record `%s` makes the user unknown', async (name) => {
  using folder = temporaryFolder();
  const work = new WorkDirectory(folder.path);
  const records = new RunRecords(work);
  const users = new NotedUsers({ records, users: new Users(), warn: () => undefined });
  mkdirSync(work.run(ID), { recursive: true });
  records.note(ID, 'user', '');
  expect(await users.userOf(ID, folder.path)).toBeUndefined();
  const path = join(work.run(ID), name);
  writeFileSync(path, 'damaged');
  const error = await users.userOf(ID, folder.path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UnknownEndError);
  expect(String(error)).toContain(
    `The user of container a is not known: Error: the record '${path}' is damaged`,
  );
});
