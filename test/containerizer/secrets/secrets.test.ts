// Secrets by reference, from a folder of files.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ContainerRequest } from '../../../src/containerizer/plan/request.ts';
import { SecretFiles } from '../../../src/containerizer/secrets/secret-files.ts';
import { resolvedRequest } from '../../../src/containerizer/secrets/secret-resolver.ts';
import {
  type CommandInfo,
  ContainerInfo_Type,
  Environment_Variable_Type,
  Image_Type,
  type Secret,
  Secret_Type,
  Volume_Mode,
  Volume_Source_Type,
} from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';

let folder: string;
let files: SecretFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-secrets-'));
  chmodSync(folder, 0o700);
  files = new SecretFiles(folder);
  mkdirSync(join(folder, 'db'));
  writeFileSync(join(folder, 'db', 'password'), 'hush\n');
  writeFileSync(join(folder, 'pair'), '{"user": "me", "password": "quiet", "n": 1}');
});
afterEach(() => rmSync(folder, { recursive: true }));

const resolve = async (name: string, key?: string) =>
  Buffer.from(await files.resolve(key === undefined ? { name } : { name, key })).toString();

test('a name is a path below the folder, and a key one of a JSON object', async () => {
  expect(await files.objection()).toBeUndefined();
  expect(await resolve('db/password')).toBe('hush\n');
  expect(await resolve('/db/password')).toBe('hush\n');
  expect(await resolve('pair', 'password')).toBe('quiet');
});

test.each([
  ['missing', undefined, "the secret 'missing': the agent has none of this name"],
  ['db/password/x', undefined, 'the agent has none of this name'],
  ['pair', 'toString', "the secret 'pair' (key 'toString'): the agent has a file"],
  ['pair', 'n', 'that is no JSON object with a text of this key'],
  ['db/password', 'user', 'that is no JSON object with a text of this key'],
  ['../outside', undefined, 'its name is no path below a folder'],
  ['db/../pair', undefined, 'its name is no path below a folder'],
  ['', undefined, 'its name is no path below a folder'],
  ['db//password', undefined, 'its name is no path below a folder'],
  ['x\0y', undefined, 'its name is no path below a folder'],
  ['x'.repeat(100_000), undefined, 'its name is no path below a folder'],
  ['db', undefined, 'is no file'],
  ['link', undefined, 'is no file (links are not followed)'],
  ['way/password', undefined, 'the agent has none of this name'],
  ['open', undefined, 'others than the agent can change its file'],
  ['large', undefined, 'it has more than 1048576 bytes'],
])('the secret %.20s with key %s is refused', async (name, key, why) => {
  symlinkSync(join(folder, 'pair'), join(folder, 'link'));
  symlinkSync(join(folder, 'db'), join(folder, 'way'));
  writeFileSync(join(folder, 'open'), 'x');
  chmodSync(join(folder, 'open'), 0o666);
  writeFileSync(join(folder, 'large'), '');
  truncateSync(join(folder, 'large'), 1024 * 1024 + 1);
  const error = await resolve(name, key).catch((it: Error) => it.message);
  expect(error).toContain(why);
  expect(String(error).length).toBeLessThan(1_000);
});

test('a folder that others can look into is refused, at the start and later', async () => {
  chmodSync(folder, 0o755);
  expect(await files.objection()).toContain('others can look into it');
  await expect(resolve('pair')).rejects.toThrow('others can look into it');
  expect(await new SecretFiles(join(folder, 'none')).objection()).toContain('ENOENT');
});

const named = (name: string): Secret => ({ type: Secret_Type.REFERENCE, reference: { name } });
const commandWith = (secret: Secret): CommandInfo => ({
  value: 'true',
  environment: { variables: [{ name: 'S', type: Environment_Variable_Type.SECRET, secret }] },
});

test('variables, volumes and logins of images have their values in the request', async () => {
  const request: ContainerRequest = {
    id: containerId('c'),
    kind: 'executor',
    sandbox: 's',
    isBound: false,
    resources: [],
    environment: {},
    command: commandWith(named('pair')),
    container: {
      type: ContainerInfo_Type.MESOS,
      volumes: [
        {
          mode: Volume_Mode.RO,
          container_path: 'x',
          source: { type: Volume_Source_Type.SECRET, secret: named('db/password') },
        },
      ],
      mesos: {
        image: { type: Image_Type.DOCKER, docker: { name: 'i', config: named('db/password') } },
      },
    },
  };
  const asked: string[] = [];
  const resolver = {
    resolve: (reference: { name: string }) => {
      asked.push(reference.name);
      return files.resolve(reference);
    },
  };
  const { signal } = new AbortController();
  const { command, container } = await resolvedRequest(request, resolver, signal);
  const text = (secret: Secret | undefined) => Buffer.from(secret?.value?.data ?? []).toString();
  expect(text(command?.environment?.variables?.[0]?.secret)).toContain('"user"');
  expect(text(container?.volumes?.[0]?.source?.secret)).toBe('hush\n');
  expect(text(container?.mesos?.image?.docker?.config)).toBe('hush\n');
  expect(container?.mesos?.image?.docker?.config?.reference).toBeUndefined();
  // Each is read once, and the request that was made stays as it was.
  expect(asked.toSorted()).toEqual(['db/password', 'pair']);
  expect(request.command?.environment?.variables?.[0]?.secret).toEqual(named('pair'));
  const plain = { ...request, command: { value: 'true' }, container: undefined };
  expect(await resolvedRequest(plain, resolver, signal)).toBe(plain);
});
