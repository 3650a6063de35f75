// node examples/embedding/node.js build/mesoscale-core.wasm
import { readFile } from 'node:fs/promises';
import { offers } from './offers.js';

const [, , module] = process.argv;
if (module === undefined) {
  console.error('usage: node examples/embedding/node.js MODULE.wasm');
  process.exit(2);
}
const bytes = await readFile(module).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
process.stdout.write(await offers(await WebAssembly.compile(bytes)));
