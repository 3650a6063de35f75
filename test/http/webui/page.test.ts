// The files of the operators' page: which are sent, how they are packed and kept, and what the
// browser is told about them.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { MasterServerOptions } from '../../../src/http/master/server.ts';
import { Page } from '../../../src/http/webui/page.ts';
import type { Leader } from '../../../src/model/leading-master.ts';
import { startMaster, stopMasters, views } from '../mini-master.ts';
import { RawSocket } from '../raw-socket.ts';
import { INDEX, pageFolder, SCRIPT } from './page-folder.ts';

afterEach(stopMasters);

async function master(options: Partial<MasterServerOptions> = {}) {
  return startMaster({ page: await Page.read(pageFolder()), ...options });
}

/** As it comes: fetch would unpack it. */
async function raw(port: number, path: string, fields: readonly string[] = [], method = 'GET') {
  const socket = await RawSocket.connect(port);
  const head = [`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...fields];
  await socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const text = await socket.end();
  const end = text.indexOf('\r\n\r\n');
  return { head: text.slice(0, end), body: Buffer.from(text.slice(end + 4), 'latin1') };
}

describe('the page', () => {
  test('is asked for anew each time, and may run and ask for nothing from elsewhere', async () => {
    const { url } = await master();
    const answer = await fetch(`${url}/`);
    expect(await answer.text()).toBe(INDEX);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    const policy = new Map(
      (answer.headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(Object.fromEntries(policy)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'img-src': "'self' data:",
      'connect-src': "'self'",
      'font-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
  });

  test('has files that are kept for ever, packed as the browser takes them', async () => {
    const { port } = await master();
    const packed = async (accept: string) =>
      raw(port, '/assets/main-1a.js', [`Accept-Encoding: ${accept}`]);
    const br = await packed('gzip, deflate, br');
    expect(br.head).toContain('content-encoding: br');
    expect(br.head).toContain('content-type: text/javascript; charset=utf-8');
    expect(br.head).toContain('cache-control: public, max-age=31536000, immutable');
    expect(br.head).toContain('vary: Accept-Encoding');
    expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT);
    const gz = await packed('gzip');
    expect(gz.head).toContain('content-encoding: gzip');
    expect(gunzipSync(gz.body).toString()).toBe(SCRIPT);
    const plain = await packed('br;q=0');
    expect(plain.head).not.toContain('content-encoding');
    expect(plain.body.toString()).toBe(SCRIPT);
    // What nobody has packed before is packed as other answers are.
    const css = await raw(port, '/assets/main-1a.css', ['Accept-Encoding: br, gzip']);
    expect(css.head).toContain('content-encoding: gzip');
    expect(css.head).toContain('content-type: text/css; charset=utf-8');
  });

  test('is no other file, by whatever path', async () => {
    const { url, port } = await master();
    const paths = [
      ...['/assets', '/assets/', '/assets/link.js', '/assets/nothing.js', '/secret'],
      ...['/assets/../secret', '/assets/..%2fsecret', '/assets/%2e%2e/secret', '/assets//secret'],
      ...['/assets/main-1a.js/x', '/assets/main-1a.js%00', '/assets/constructor', '/index.html'],
      ...['/assets/%6dain-1a.js', '/master/assets/main-1a.js', 'http://x/assets/../secret'],
    ];
    for (const path of paths) {
      const { head } = await raw(port, path);
      expect([path, head.split('\r\n')[0]]).toEqual([path, 'HTTP/1.1 404 Not Found']);
    }
    const strange = await fetch(`${url}/assets/strange.exe`);
    expect(strange.headers.get('content-type')).toBe('application/octet-stream');
  });

  test('is only read', async () => {
    const { url, port } = await master();
    for (const path of ['/', '/assets/main-1a.js']) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const answer = await fetch(url + path, { method });
        expect([path, answer.status, answer.headers.get('allow')]).toEqual([
          path,
          405,
          'GET, HEAD',
        ]);
      }
      const { head, body } = await raw(port, path, [], 'HEAD');
      expect(head).toMatch(/^HTTP\/1.1 200 /);
      expect(body.length).toBe(0);
    }
  });

  test('stays as it was when its folder is exchanged', async () => {
    const folder = pageFolder();
    const { url } = await master({ page: await Page.read(folder) });
    rmSync(join(folder, 'index.html'));
    rmSync(join(folder, 'assets'), { recursive: true });
    expect(await (await fetch(`${url}/`)).text()).toBe(INDEX);
    expect(await (await fetch(`${url}/assets/main-1a.js`)).text()).toBe(SCRIPT);
  });

  test('is that of the leader, and waits where none leads', async () => {
    const of = async (leader: Leader) => {
      const { url } = await master({ views: { ...views, leader } });
      const answer = await fetch(`${url}/?x#/tasks`, { redirect: 'manual' });
      return [answer.status, answer.headers.get('location')];
    };
    expect(await of({ kind: 'other', address: '10.1.2.3:5050' })).toEqual([
      307,
      '//10.1.2.3:5050/',
    ]);
    expect(await of({ kind: 'none' })).toEqual([200, null]);
  });

  test('can be closed by rules of the firewall', async () => {
    const { url } = await master({ disabledPaths: ['/', '/assets'] });
    expect((await fetch(`${url}/`)).status).toBe(403);
    expect((await fetch(`${url}/assets/main-1a.js`)).status).toBe(403);
  });

  test('may be missing', async () => {
    const { url } = await startMaster();
    const answer = await fetch(`${url}/`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([307, '/help']);
    expect((await fetch(`${url}/assets/main-1a.js`)).status).toBe(404);
  });
});
