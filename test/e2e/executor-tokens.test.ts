// Executors that must show the token that their agent has given them.
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, TestCluster } from '../support/cluster.ts';

const cluster = new TestCluster();
const KEY = 'a-key-that-nobody-may-see';

beforeAll(async () => {
  const key = join(cluster.folder, 'key');
  writeFileSync(key, KEY, { mode: 0o600 });
  chmodSync(cluster.folder, 0o755);
  const agent = [
    '--authenticate_http_executors',
    '--authenticate_http_readwrite',
    '--http_authenticators=jwt',
    `--jwt_secret_key=${key}`,
    `--executor_environment_variables={"PATH":"${process.env.PATH}"}`,
  ];
  await cluster.start({ agent });
});
afterAll(() => cluster.stop());

/**
 * An executor that tries what its token opens and what not, writes the answers down, and finishes
 * its task.
 */
const EXECUTOR = `
const { request } = require('node:http');
const { writeFileSync } = require('node:fs');
const env = process.env;
const token = env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN;
const [host, port] = env.MESOS_AGENT_ENDPOINT.split(':');
const ids = { framework_id: { value: env.MESOS_FRAMEWORK_ID }, executor_id: { value: env.MESOS_EXECUTOR_ID } };
function call(path, body, authorization, answered) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  if (authorization) headers.authorization = authorization;
  request({ host, port, path, method: 'POST', headers }, answered).end(JSON.stringify(body));
}
const ask = (path, body, authorization) => new Promise((resolve) =>
  call(path, body, authorization, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (part) => { text += part; });
    answer.on('end', () => resolve([answer.statusCode, answer.headers['www-authenticate'] ?? text]));
  }));
const own = 'Bearer ' + token;
const [header, payload, proof] = token.split('.');
const claims = JSON.parse(Buffer.from(payload, 'base64url'));
const forged = Buffer.from(JSON.stringify({ ...claims, cid: 'another' })).toString('base64url');
const nested = (parent, command) => ({
  type: 'LAUNCH_NESTED_CONTAINER',
  launch_nested_container: { container_id: { value: 'n', parent: { value: parent } }, command },
});
const wait = (parent) => ({
  type: 'WAIT_NESTED_CONTAINER',
  wait_nested_container: { container_id: { value: 'n', parent: { value: parent } } },
});
const heartbeat = { ...ids, type: 'HEARTBEAT' };
const subscribe = { ...ids, type: 'SUBSCRIBE', subscribe: {} };
async function tries(container) {
  const command = { value: 'env > seen' };
  const EXECUTOR_API = '/api/v1/executor';
  return {
    claims,
    without: await ask(EXECUTOR_API, heartbeat),
    own: await ask(EXECUTOR_API, heartbeat, own),
    forged: await ask(EXECUTOR_API, heartbeat, 'Bearer ' + [header, forged, proof].join('.')),
    none: await ask(EXECUTOR_API, heartbeat,
      'Bearer ' + [Buffer.from('{"alg":"none"}').toString('base64url'), payload, ''].join('.')),
    nested: await ask('/api/v1', nested(container, command), own),
    ended: await ask('/api/v1', wait(container), own),
    elsewhere: await ask('/api/v1', nested('another', command), own),
    flags: await ask('/api/v1', { type: 'GET_FLAGS' }, own),
    standalone: await ask('/api/v1', {
      type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'alone' }, command } }, own),
  };
}
let container;
call('/api/v1/executor', subscribe, own, (stream) => {
  stream.setEncoding('utf8').on('data', (text) => {
    container ??= text.match(/"container_id":\\{"value":"([^"]+)"/)?.[1];
    if (text.includes('"LAUNCH"')) {
      const { task } = JSON.parse(text.slice(text.indexOf('{', text.lastIndexOf('\\n')))).launch;
      tries(container).then((found) => {
        writeFileSync('found', JSON.stringify(found));
        const uuid = Buffer.from('0123456789abcdef').toString('base64');
        const status = { task_id: task.task_id, state: 'TASK_FINISHED', source: 'SOURCE_EXECUTOR', uuid };
        call('/api/v1/executor', { ...ids, type: 'UPDATE', update: { status } }, own, () => {});
      });
    }
    if (text.includes('"ACKNOWLEDGED"')) {
      process.exit(0);
    }
  });
});
`;

/** All files below the folder whose name or content the test picks. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());

test('a token opens its own executor’s calls and what is nested in it, and nothing else', async () => {
  const script = join(cluster.folder, 'executor.cjs');
  writeFileSync(script, EXECUTOR);
  const command = { shell: false, value: process.execPath, arguments: ['node', script] };
  const executor = { executor_id: { value: 'bearer' }, command, resources: LITTLE };
  const task = { name: 't', task_id: { value: 't' }, agent_id: { value: '' }, resources: LITTLE };
  const program = cluster.execute('bearer', 'task', { ...task, executor });
  expect(await program.ended(), program.log).toBe(0);

  const files = filesBelow(join(cluster.folder, 'agent'));
  const file = files.find((path) => path.endsWith('/found') && !path.includes('/latest/'));
  const found = JSON.parse(readFileSync(file ?? '', 'utf8'));
  const realm = 'Bearer realm="mesos-agent-executor"';
  const invalid = (why: string) =>
    `${realm}, error="invalid_token", error_description="Invalid JWT: ${why}"`;
  expect(found).toEqual({
    claims: { fid: expect.any(String), eid: 'bearer', cid: expect.any(String) },
    without: [401, realm],
    own: [202, ''],
    forged: [401, invalid('Token signature does not match')],
    none: [401, invalid("Token 'alg' value 'none' does not match, expected 'HS256'")],
    nested: [200, ''],
    ended: [200, expect.stringContaining('"exit_status":0')],
    elsewhere: [403, expect.any(String)],
    flags: [403, expect.any(String)],
    standalone: [403, expect.any(String)],
  });

  // What is nested does not get the token, and it is in no file that others can read.
  const seen = files.find((path) => path.endsWith('/seen') && !path.includes('/latest/'));
  expect(readFileSync(seen ?? '', 'utf8')).not.toContain('MESOS_EXECUTOR_AUTHENTICATION_TOKEN');
  const shown = JSON.stringify([
    await cluster.get('/flags', cluster.agent),
    await cluster.get('/state', cluster.agent),
    await cluster.get('/state'),
  ]);
  const logs = cluster.agentProgram.log + cluster.master.log + program.log;
  const [mark = ''] =
    Buffer.from(JSON.stringify(found.claims)).toString('base64url').match(/.{30}/) ?? [];
  for (const secret of [KEY, mark]) {
    expect(shown + logs).not.toContain(secret);
    const open = files.filter((path) => !path.includes('/agent/meta/'));
    expect(open.filter((path) => readFileSync(path, 'latin1').includes(secret))).toEqual([]);
  }
  expect(statSync(join(cluster.folder, 'agent', 'meta')).mode & 0o077).toBe(0);
});
