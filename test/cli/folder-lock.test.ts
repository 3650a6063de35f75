// The lock of a folder: one process has it, no other user can take it, and it ends with its
// process.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderHolder } from '../../src/cli/process/folder-lock.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => folder[Symbol.dispose]());

const lock = () => join(folder.path, '.lock');

/** Another program that tries to lock the folder, and prints the result. */
async function other(): Promise<{ answer: string; end(): Promise<unknown>; pid: number }> {
  const module = join(import.meta.dirname, '..', '..', 'src', 'cli', 'process', 'folder-lock.ts');
  const program = `
    import(${JSON.stringify(module)}).then(({ folderHolder }) => {
      console.log(String(folderHolder(${JSON.stringify(folder.path)})));
      setInterval(() => {}, 1000);
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [answer] = (await once(child.stdout, 'data')) as [Buffer];
  const end = () => {
    child.kill('SIGKILL');
    return exited;
  };
  return { answer: answer.toString().trim(), end, pid: child.pid ?? 0 };
}

describe('a folder', () => {
  test('is locked by one process, which is named, and by the next when that was killed', async () => {
    const first = await other();
    expect(first.answer).toBe('undefined');
    const second = await other();
    expect(second.answer).toBe(`process ${first.pid}`);
    expect(folderHolder(folder.path)).toBe(`process ${first.pid}`);
    await Promise.all([first.end(), second.end()]);
    expect(folderHolder(folder.path)).toBeUndefined();
    expect(folderHolder(folder.path)).toBe(`process ${process.pid}`);
    expect(statSync(lock())).toMatchObject({ size: 0 });
    expect(statSync(lock()).mode & 0o777).toBe(0o600);
  });

  test('is not locked by a name that is no file, which any user could make', async () => {
    const digest = createHash('sha256').update(folder.path).digest('hex').slice(0, 32);
    const server = createServer().listen(`\0mesoscale-agent-${digest}`);
    await once(server, 'listening');
    expect(folderHolder(folder.path)).toBeUndefined();
    server.close();
  });

  test('has a private lock again, and is not locked by a file of another user', () => {
    writeFileSync(lock(), '');
    chmodSync(lock(), 0o666);
    expect(folderHolder(folder.path)).toBeUndefined();
    expect(statSync(lock()).mode & 0o777).toBe(0o600);
  });

  test('is not locked through a link', () => {
    symlinkSync('/etc/passwd', lock());
    expect(() => folderHolder(folder.path)).toThrow(
      `${lock()}, by which the folder is locked, is no regular file: remove it`,
    );
  });

  test.runIf(process.geteuid?.() === 0)('is not another user’s to lock (needs root)', () => {
    writeFileSync(lock(), '');
    chownSync(lock(), 65534, 65534);
    expect(() => folderHolder(folder.path)).toThrow('belongs to user 65534: remove it');
    rmSync(lock());
    expect(folderHolder(folder.path)).toBeUndefined();
  });
});
