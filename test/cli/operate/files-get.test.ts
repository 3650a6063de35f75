// Files as they are got: whole or not at all.

import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FileServer } from '../../../src/cli/operate/files/file-server.ts';
import { getFiles } from '../../../src/cli/operate/files/get.ts';
import { CommandError, EXIT } from '../../../src/cli/operate/outcome.ts';

const root = mkdtempSync('/tmp/mesoscale-tests-get-');
let folder = '';

beforeAll(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(root, 'x-'));
});

/** A server of one folder, with these files. */
function serverOf(files: Readonly<Record<string, () => Readable>>): FileServer {
  return {
    list: async (path) =>
      path === '/f'
        ? Object.keys(files).map((name) => ({ path: `/f/${name}`, mode: 0o100644 }))
        : [],
    read: async () => ({ size: 0, data: new Uint8Array(0) }),
    stream: async (path) => {
      const name = decodeURIComponent(path).split('/').at(-1) ?? '';
      return (files[name] as () => Readable)() as IncomingMessage;
    },
  };
}

const get = (server: FileServer, path: string, to: string) =>
  getFiles({ server, path, of: 'test' }, { to: join(folder, to), isArchive: false, name: '' });

/** Gives something, and then breaks off. */
const broken = () => {
  const body = new PassThrough();
  body.write('half');
  setImmediate(() => body.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })));
  return body;
};

describe('a file that is got', () => {
  test('takes away what one that was killed has left of it, and nothing else', async () => {
    const body = new PassThrough();
    const getting = get(serverOf({ a: () => body }), '/f/a', 'a');
    await expect.poll(() => readdirSync(folder).length).toBe(1);
    const [own = ''] = readdirSync(folder);
    body.end('whole');
    await getting;
    rmSync(join(folder, 'a'));
    // No process can have that number.
    const named = (pid: number) => own.replace(/\d+\.part$/, `${pid}.part`);
    const [left, living] = [named(2 ** 30), named(process.ppid)];
    const others = [living, named(2 ** 30 + 1), '.mesoscale-x.part', `${left}.part`];
    writeFileSync(join(folder, 'precious'), '');
    symlinkSync('precious', join(folder, others[1] ?? ''));
    for (const name of [own, left, living, '.mesoscale-x.part', `${left}.part`]) {
      writeFileSync(join(folder, name), 'half');
    }
    await get(serverOf({ a: () => Readable.from(['new']) }), '/f/a', 'a');
    expect(readdirSync(folder).sort()).toEqual(['a', 'precious', ...others].sort());
  });

  test('has its name when it is whole, and not before', async () => {
    const body = new PassThrough();
    const getting = get(serverOf({ a: () => body }), '/f/a', 'a');
    body.write('half');
    await expect.poll(() => readdirSync(folder)).toEqual([expect.stringMatching(/^\..*\.part$/)]);
    body.end('whole');
    await getting;
    expect(readdirSync(folder)).toEqual(['a']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('halfwhole');
  });

  test('leaves nothing where the connection breaks off', async () => {
    await expect(get(serverOf({ a: broken }), '/f/a', 'a')).rejects.toMatchObject({
      status: EXIT.unreachable,
      message: expect.stringContaining('broke off'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('replaces nothing, neither at the begin nor at the end', async () => {
    symlinkSync('/nowhere/at/all', join(folder, 'a'));
    const server = serverOf({ a: () => Readable.from(['new']) });
    await expect(get(server, '/f/a', 'a')).rejects.toMatchObject({ status: EXIT.usage });
    const body = new PassThrough();
    const getting = get(serverOf({ a: () => body }), '/f/a', 'b');
    body.write('new');
    await expect.poll(() => readdirSync(folder).length).toBe(2);
    writeFileSync(join(folder, 'b'), 'old');
    body.end();
    await expect(getting).rejects.toMatchObject({ status: EXIT.usage });
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('old');
    expect(readdirSync(folder).toSorted()).toEqual(['a', 'b']);
  });
});

describe('a folder that is got', () => {
  const whole = () => Readable.from(['x']);

  test.each([
    ['the disk does not take a file', EXIT.failed],
    ['the connection breaks off', EXIT.unreachable],
  ])('fails where %s', async (what, status) => {
    const failing = () => {
      if (status === EXIT.unreachable) {
        return broken();
      }
      rmSync(join(folder, 'd'), { recursive: true });
      return whole();
    };
    const getting = get(serverOf({ a: whole, b: failing, c: whole }), '/f', 'd');
    await expect(getting, what).rejects.toMatchObject({ status });
  });

  test('is without what the server refuses, and what has a name that no disk takes', async () => {
    const refused = () => {
      throw new CommandError(EXIT.notAllowed, 'not yours');
    };
    const name = 'n'.repeat(300);
    await get(serverOf({ a: refused, [name]: whole, c: whole }), '/f', 'd');
    expect(readdirSync(join(folder, 'd'))).toEqual(['c']);
  });
});
