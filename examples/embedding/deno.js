// deno run --allow-read examples/embedding/deno.js build/mesoscale-core.wasm
import { offers } from './offers.js';

const text = await offers(await Deno.readFile(Deno.args[0]));
await Deno.stdout.write(new TextEncoder().encode(text));
