// The core's module may come from a file, bytes, a response, or be compiled already.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { buildCore } from '../../scripts/build-core.ts';
import {
  CoreNotFoundError,
  createCore,
  formatResources,
  loadCore,
  parseResources,
} from '../../src/core.ts';

const path = await buildCore();
const bytes = new Uint8Array(readFileSync(path));
const answer = (type: string, status = 200) =>
  new Response(bytes, { status, headers: { 'content-type': type } });

const SOURCES = {
  'a path': path,
  'bytes in an array': bytes,
  'bytes in a buffer': bytes.buffer,
  'a response that is compiled as it arrives': answer('application/wasm'),
  'a response of another type': answer('application/octet-stream'),
  'a module': new WebAssembly.Module(bytes),
  'a promise of a response': Promise.resolve(answer('application/wasm; charset=utf-8')),
  'nothing: the module of the package': undefined,
};

test.each(Object.entries(SOURCES))('a core is loaded from %s', async (_, source) => {
  const { algebra } = createCore(await loadCore(source));
  const sum = algebra.add(parseResources('cpus:1.5'), parseResources('cpus:2'));
  expect(formatResources(sum)).toBe('cpus:3.5');
});

test('a module is taken as it is', async () => {
  const module = new WebAssembly.Module(bytes);
  expect(await loadCore(Promise.resolve(module))).toBe(module);
});

test('what is not there is told with its place', async () => {
  await expect(loadCore('/nowhere/core.wasm')).rejects.toThrow(
    new CoreNotFoundError('There is no scheduler core: /nowhere/core.wasm not found'),
  );
  await expect(loadCore('/nowhere/core.wasm')).rejects.toThrow('/nowhere/core.wasm not found');
  await expect(loadCore(answer('text/html', 404))).rejects.toThrow(CoreNotFoundError);
  await expect(loadCore(answer('text/html', 404))).rejects.toThrow('404');
});

test('bytes that are no module are refused', async () => {
  await expect(loadCore(new Uint8Array([1, 2, 3]))).rejects.toThrow(WebAssembly.CompileError);
  await expect(loadCore(new Response('<html>', { status: 200 }))).rejects.toThrow(
    WebAssembly.CompileError,
  );
});
