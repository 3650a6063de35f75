import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ExecutorSocket } from '../../src/http/agent/executor-socket.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
let socket: ExecutorSocket | undefined;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'agent.sock');
});

afterEach(() => {
  socket?.close();
  socket = undefined;
  folder[Symbol.dispose]();
});

const listen = async (text = 'here') => {
  socket = await ExecutorSocket.listen(path, (_, response) => response.end(text));
};

function answer(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get({ socketPath: path, path: '/' }, (response) =>
    response.setEncoding('utf8').on('data', resolve),
  );
  request.on('error', reject);
  return promise;
}

test('executors of all users can connect, until it is closed', async () => {
  await listen();
  expect(await answer()).toBe('here');
  expect(statSync(path).mode & 0o777).toBe(0o777);
  socket?.close();
  expect(existsSync(path)).toBe(false);
});

test('a socket that an agent has left is taken over, and one in use is not', async () => {
  const other = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  other.listen(`${path}.other`, resolve);
  await promise;
  renameSync(`${path}.other`, path);
  await expect(listen()).rejects.toThrow(`cannot listen on '${path}': it is in use`);
  other.close();
  expect(existsSync(path)).toBe(true);
  await listen();
  expect(await answer()).toBe('here');
});

test('what is no socket stays', async () => {
  writeFileSync(path, 'data');
  await expect(listen()).rejects.toThrow(`cannot listen on '${path}': it is in use`);
  expect(existsSync(path)).toBe(true);
});

test('a place where there can be no socket is named', async () => {
  path = join(folder.path, 'missing', 'agent.sock');
  await expect(listen()).rejects.toThrow(`cannot listen on '${path}': listen `);
});
