// The programs of examples/embedding print the same bytes in every runtime. Each is built and run
// here; without its runtime a program is left out, which `npm test` reports.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCore } from '../../scripts/build-core.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const programs = join(root, 'examples/embedding');
const work = mkdtempSync(join(tmpdir(), 'embedding-'));
const [deno] = globSync(join(root, 'node_modules/@deno/*/deno'));
// The package's install script, where it runs, moves the program; otherwise a small placeholder is
// in its place.
const bun = globSync([
  join(root, 'node_modules/@oven/bun-*/bin/bun'),
  join(root, 'node_modules/bun/bin/bun.exe'),
]).find((file) => statSync(file).size > 1_000_000);
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const [python] = globSync(
  (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'python3')),
);
const WASM2C = '/usr/share/wabt/wasm2c';

/** Under continuous integration a missing runtime is a failure. */
const isLeftOut = (runtime: string | undefined) =>
  !['true', '1'].includes(process.env.CI ?? '') && (runtime === undefined || !existsSync(runtime));

let module: string;
let expected: string;
beforeAll(async () => {
  module = await buildCore();
  expected = run(process.execPath, [join(programs, 'node.js'), module]);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function run(program: string, parameters: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd: work,
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`${program} failed: ${error?.message ?? stderr}`);
  }
  return stdout;
}

test('Node prints offers of both runs', () => {
  expect(expected).toMatch(/^0 ms: framework \d+, role \d+, agent \d+: cpus \d+, mem \d+$/m);
  expect(expected).toMatch(/^1000 ms: framework/m);
  expect(expected.endsWith('3 refusals\n')).toBe(true);
});

test.skipIf(isLeftOut(deno))('Deno prints the same', () => {
  const parameters = ['run', '--no-config', '--allow-read', join(programs, 'deno.js'), module];
  expect(run(deno ?? '', parameters)).toBe(expected);
});

test.skipIf(isLeftOut(bun))('Bun prints the same', () => {
  expect(run(bun ?? '', [join(programs, 'bun.js'), module])).toBe(expected);
});

describe.skipIf(isLeftOut(WASM2C))('through wasm2c', () => {
  let plain: string;
  beforeAll(async () => {
    plain = await buildCore({ build: 'plain' });
    run('wasm2c', ['-n', 'mesoscale_core', plain, '-o', 'mesoscale_core.c']);
    for (const file of ['offers.c', 'instance.c', 'offers.py']) {
      copyFileSync(join(programs, file), join(work, file));
    }
    // For the program and the library; it takes longer than all else.
    cc('-c', '-fPIC', 'mesoscale_core.c');
  });

  const cc = (...parameters: readonly string[]) => run('cc', ['-O0', `-I${WASM2C}`, ...parameters]);

  function compile(source: string, ...options: readonly string[]): void {
    cc(source, 'mesoscale_core.o', join(WASM2C, 'wasm-rt-impl.c'), '-lm', ...options);
  }

  test('the module without vectors prints the same', () => {
    expect(run(process.execPath, [join(programs, 'node.js'), plain])).toBe(expected);
  });

  test('C prints the same', () => {
    compile('offers.c', '-o', 'offers');
    expect(run(join(work, 'offers'), [])).toBe(expected);
  });

  test.skipIf(isLeftOut(python))('Python prints the same', () => {
    compile('instance.c', '-shared', '-fPIC', '-o', 'libcore.so');
    expect(run(python ?? '', ['-B', 'offers.py', './libcore.so'])).toBe(expected);
  });
});

describe.skipIf(isLeftOut(chromium))('in a browser', () => {
  test('a page shows the same', async () => {
    expect(await shownBy('browser.html')).toBe(expected);
  });

  test('a page loads the typed classes, and the module while it arrives', async () => {
    expect(await shownBy('package.html')).toBe('agent-1 to shop: cpus:4; mem:8192');
  });
});

/** The text that a page of the examples shows in a browser. */
async function shownBy(page: string): Promise<string> {
  const shown = Promise.withResolvers<string>();
  const server = createServer((request, response) => serve(request, response, shown.resolve));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const browser = spawn(
    chromium ?? '',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${join(work, `browser-${page}`)}`,
      '--remote-debugging-port=0',
      `http://127.0.0.1:${port}/${page}`,
    ],
    // What it leaves in its temporary folder when it is killed goes with the other results.
    { stdio: 'ignore', detached: true, env: { ...process.env, TMPDIR: work } },
  );
  const closed = new Promise((resolve) => browser.once('close', resolve));
  browser.once('close', () => shown.reject(new Error('the browser ended')));
  try {
    return await shown.promise;
  } finally {
    // The browser is a shell script with many processes, which form a group of their own.
    process.kill(-(browser.pid ?? 0), 'SIGKILL');
    await closed;
    server.closeAllConnections();
    server.close();
  }
}

/** Sends the text as soon as the page shows it. */
const WATCH = `<script>
  const offers = document.getElementById('offers');
  new MutationObserver(() => fetch('shown', { method: 'POST', body: offers.textContent })).observe(offers, { childList: true });
</script>`;

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  shown: (text: string) => void,
): Promise<void> {
  const path = request.url ?? '';
  if (path === '/shown') {
    shown(await text(request));
    response.end();
    return;
  }
  const file = fileOf(path);
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  const type = extname(file).slice(1);
  response.setHeader('content-type', TYPES[type] ?? 'application/wasm');
  const content = readFileSync(file);
  if (type === 'ts') {
    response.end(stripTypeScriptTypes(content.toString()));
  } else {
    response.end(type === 'html' ? `${content}${WATCH}` : content);
  }
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  ts: 'text/javascript',
};

/** The package is served from its sources, without their types. */
function fileOf(path: string): string {
  if (path === '/mesoscale-core.wasm') {
    return module;
  }
  if (path === '/re2js.js') {
    return join(root, 'node_modules/re2js/build/index.js');
  }
  if (path === '/mesoscale/core.js') {
    return join(root, 'src/core.ts');
  }
  if (path.startsWith('/mesoscale/')) {
    return join(root, 'src', path.slice('/mesoscale/'.length));
  }
  if (path.startsWith('/asm/')) {
    return join(root, path);
  }
  return join(programs, basename(path));
}
