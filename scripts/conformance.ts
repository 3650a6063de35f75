// `npm run conformance -- DIR [--runner=DIR] [--groups=REGEX] [--closed]`: replays recorded
// exchanges against a fresh master and agent of this checkout. DIR holds the scripts; the runner
// (conformance.mjs and run-all.sh) lies next to it, in its parents' tools/conformance, or where
// --runner says. With --closed everything is on: TLS with certificates, credentials, access control
// lists that refuse what nobody was given; the last lines tell which differences are no others than
// that a principal is shown.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { readArguments, refuse } from './arguments.ts';
import { makeClosed, summaryOf } from './conformance-closed.ts';

const root = dirname(import.meta.dirname);
const USAGE = 'usage: npm run conformance -- DIR [--runner=DIR] [--groups=REGEX] [--closed]';
const { values, positionals } = readArguments(USAGE, {
  options: {
    runner: { type: 'string' },
    groups: { type: 'string' },
    closed: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [folder] = positionals;
if (folder === undefined || positionals.length > 1) {
  refuse(USAGE);
}
if (!existsSync(folder)) {
  refuse(`There is no folder ${folder}`);
}
const runner = findRunner(resolve(folder));
if (runner === undefined) {
  refuse(`There is no run-all.sh near ${folder}; say where with --runner=DIR`);
}
const work = mkdtempSync(join(tmpdir(), 'mesoscale-conformance-'));
// Tasks of other users have their sandboxes below this folder.
chmodSync(work, 0o755);
const server = join(import.meta.dirname, 'conformance-server.sh');
const closed = join(work, 'closed');
const results = join(work, 'results.jsonl');
if (values.closed) {
  await makeClosed(closed, folder);
}
const launcher = values.closed ? `${server} --closed=${closed}` : server;
const { status } = spawnSync('bash', [join(runner, 'run-all.sh'), 'check', resolve(folder)], {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
    START_MASTER: `${launcher} master`,
    START_AGENT: `${launcher} agent`,
    WORK: work,
    RUNNER_ARGS: `${process.env.RUNNER_ARGS ?? ''} --json=${results}`,
    ...(values.groups === undefined ? {} : { GROUPS_RE: values.groups }),
  },
});
process.exitCode = status ?? 1;
if (values.closed) {
  const { text, isAsRecorded } = summaryOf(results);
  console.log(text);
  process.exitCode = isAsRecorded ? 0 : 1;
}
rmSync(work, { recursive: true, force: true });

function findRunner(start: string): string | undefined {
  const given = values.runner;
  if (given !== undefined) {
    return resolve(given);
  }
  for (let place = start; ; place = dirname(place)) {
    const found = [place, join(place, 'conformance'), join(place, 'tools', 'conformance')].find(
      (candidate) => existsSync(join(candidate, 'run-all.sh')),
    );
    if (found !== undefined || place === dirname(place)) {
      return found;
    }
  }
}
