// `npm run traces -- DIR [--oracle]`: replays every recorded history of a directory through the
// core (or the oracle), says how many agree, and shows the first difference of each that doesn't.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadCore } from '../test/core/load.ts';
import { type DecidingCore, firstDifference } from '../test/differential/replay.ts';
import { parseTrace } from '../test/differential/trace.ts';

async function coreToTest(isOracle: boolean): Promise<DecidingCore> {
  return isOracle ? (await import('../test/oracle/core.ts')).oracle : loadCore();
}

const { values, positionals } = parseArgs({
  options: { oracle: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [directory] = positionals;
if (directory === undefined || positionals.length > 1) {
  console.error('usage: npm run traces -- DIR [--oracle]');
  process.exit(2);
}

const core = await coreToTest(values.oracle);
const files = readdirSync(directory)
  .filter((name) => name.endsWith('.jsonl'))
  .sort();
if (files.length === 0) {
  console.error(`${directory} holds no .jsonl files`);
  process.exit(2);
}

let agreeing = 0;
for (const name of files) {
  const difference = firstDifference(core, parseTrace(readFileSync(join(directory, name), 'utf8')));
  if (difference === undefined) {
    agreeing += 1;
    continue;
  }
  console.log(`${name}, line ${difference.line}`);
  console.log(`  event    ${JSON.stringify(difference.event)}`);
  console.log(`  expected ${JSON.stringify(difference.expected)}`);
  console.log(`  got      ${JSON.stringify(difference.got)}`);
}
console.log(`${agreeing} of ${files.length} histories agree`);
if (agreeing < files.length) process.exitCode = 1;
