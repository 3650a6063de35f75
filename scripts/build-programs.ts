// Bundles what src/ runs as: build/programs has the command `mesoscale`, the modules of its threads
// and small processes, and some more files that these share. A start reads a dozen files instead
// of hundreds whose types are stripped: a third less CPU. A bundle that is up to date is not made
// again.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { bundle } from './bundle.ts';
import { COMMAND, PROGRAMS, staleness } from './products.mjs';

const root = dirname(import.meta.dirname);
const output = join(root, dirname(COMMAND));

/** Files of earlier bundles stay for so long: a program that starts may have yet to read them. */
const KEPT_MS = 3600 * 1000;

/** Each file as a whole, and the command last: a program that starts meanwhile is of one bundle. */
function moveInto(folder: string, from: string): void {
  const names = readdirSync(from).sort(
    (a, b) => Number(a === basename(COMMAND)) - Number(b === basename(COMMAND)),
  );
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    renameSync(join(from, name), join(folder, name));
  }
  rmSync(from, { recursive: true });
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const isNeeded = !name.endsWith('.map') && statSync(file).mtimeMs >= Date.now() - KEPT_MS;
    if (!names.includes(name) && !isNeeded) {
      rmSync(file, { force: true });
    }
  }
}

const made = staleness(PROGRAMS);
if (made !== undefined) {
  const unfinished = `${output}.${process.pid}`;
  await bundle({
    entries: { mesoscale: 'cli/mesoscale.ts' },
    folder: unfinished,
    // As if it had not moved.
    placeOf: (source) => relative(output, source),
    withPackages: false,
  });
  moveInto(output, unfinished);
  made();
}
