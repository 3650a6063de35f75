// bun examples/embedding/bun.js build/mesoscale-core.wasm
import { offers } from './offers.js';

const [, , module] = Bun.argv;
if (module === undefined) {
  console.error('usage: bun examples/embedding/bun.js MODULE.wasm');
  process.exit(2);
}
const bytes = await Bun.file(module)
  .arrayBuffer()
  .catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
await Bun.write(Bun.stdout, await offers(await WebAssembly.compile(bytes)));
