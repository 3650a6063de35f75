// bun examples/embedding/bun.js build/mesoscale-core.wasm
import { offers } from './offers.js';

const text = await offers(await Bun.file(Bun.argv[2]).arrayBuffer());
await Bun.write(Bun.stdout, text);
