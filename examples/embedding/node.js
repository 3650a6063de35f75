// node examples/embedding/node.js build/mesoscale-core.wasm
import { readFileSync } from 'node:fs';
import { offers } from './offers.js';

process.stdout.write(await offers(readFileSync(process.argv[2])));
