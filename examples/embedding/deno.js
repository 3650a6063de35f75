// deno run --allow-read examples/embedding/deno.js build/mesoscale-core.wasm
import { offers } from './offers.js';

const [module] = Deno.args;
if (module === undefined) {
  console.error('usage: deno run --allow-read examples/embedding/deno.js MODULE.wasm');
  Deno.exit(2);
}
const bytes = await Deno.readFile(module).catch((error) => {
  console.error(error.message);
  Deno.exit(1);
});
const text = await offers(await WebAssembly.compile(bytes));
await Deno.stdout.write(new TextEncoder().encode(text));
