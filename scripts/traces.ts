// `npm run traces -- DIR [--oracle]`: replays every recorded history of a directory through the
// core (or the oracle), counts those that agree, and shows the first difference of each other.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadCore } from '../test/core/load.ts';
import { type DecidingCore, firstDifference } from '../test/differential/replay.ts';
import { parseTrace } from '../test/differential/trace.ts';
import { readArguments, readNamed, refuse } from './arguments.ts';

const USAGE = 'usage: npm run traces -- DIR [--oracle]';

async function coreToTest(isOracle: boolean): Promise<DecidingCore> {
  return isOracle ? (await import('../test/oracle/core.ts')).oracle : loadCore();
}

const { values, positionals } = readArguments(USAGE, {
  options: { oracle: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [directory, surplus] = positionals;
if (directory === undefined || surplus !== undefined) {
  refuse(USAGE);
}

const core = await coreToTest(values.oracle);
const files = tracesIn(directory);
if (files.length === 0) {
  refuse(`${directory} holds no .jsonl files`);
}

function traceIn(file: string): ReturnType<typeof parseTrace> {
  try {
    return parseTrace(readNamed(file));
  } catch (error) {
    return refuse(`${file} holds no history: ${(error as Error).message}`);
  }
}

function tracesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort();
  } catch (error) {
    return refuse(`${folder} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

let agreeing = 0;
for (const name of files) {
  const difference = firstDifference(core, traceIn(join(directory, name)));
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
if (agreeing < files.length) {
  process.exitCode = 1;
}
