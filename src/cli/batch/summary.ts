// The table at the end of a batch.
import { spanText } from '../../webui/words/amounts.ts';
import { counted } from '../counted.ts';
import { printable } from '../operate/output/printable.ts';
import { painted, type Screen, screenOf } from '../operate/output/screen.ts';
import type { Result } from './journal.ts';
import { withShortPaths } from './short-paths.ts';

export interface SummaryFacts {
  readonly counts: { readonly total: number; readonly succeeded: number; readonly failed: number };
  readonly results: readonly Result[];
  readonly folder: string;
  readonly seconds: number;
  /** How many tasks an earlier run had finished. */
  readonly doneBefore: number;
}

const SHOWN_FAILURES = 10;
/** The shortest time for which a rate is shown. */
const SHORTEST_S = 3;

export function printSummary(facts: SummaryFacts): void {
  console.log(summaryText(facts, screenOf(process.stdout, process.env)));
}

export function summaryText(
  { counts, results, folder, seconds, doneBefore }: SummaryFacts,
  screen: Screen,
): string {
  const repeated = results.filter(({ attempts }) => attempts > 1);
  const now = counts.succeeded + counts.failed - doneBefore;
  const rows: (readonly [string, string])[] = [
    ['finished', painted(screen, 'good', String(counts.succeeded))],
    ['failed', counts.failed > 0 ? painted(screen, 'bad', String(counts.failed)) : '0'],
    ...(repeated.length > 0 ? [['run again', againText(repeated)] as const] : []),
    ...(doneBefore > 0 ? [['done before', String(doneBefore)] as const] : []),
    ['time', timeText(seconds, now)],
    ['results', painted(screen, 'emphasis', `${folder}/results.jsonl`)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}   ${value}`).join('\n');
  return `\n${table}\n${failures(results, folder, screen)}`;
}

/** How often tasks were run another time, and how many tasks: one may have failed again. */
function againText(repeated: readonly Result[]): string {
  const times = repeated.reduce((sum, { attempts }) => sum + attempts - 1, 0);
  return `${counted(times, 'time')} (${counted(repeated.length, 'task')})`;
}

/** The time is too short for a rate where it is mostly that of the first offer. */
function timeText(seconds: number, tasks: number): string {
  const time = seconds < 10 ? `${seconds.toFixed(1)} s` : spanText(seconds * 1000);
  return tasks > 0 && seconds >= SHORTEST_S
    ? `${time}, ${rate(tasks / seconds)} tasks a second`
    : time;
}

const rate = (value: number) => (value >= 10 ? String(Math.round(value)) : value.toFixed(1));

function failures(results: readonly Result[], folder: string, screen: Screen): string {
  const failed = results.filter(({ state }) => state !== 'TASK_FINISHED');
  if (failed.length === 0) {
    return '';
  }
  const shown = failed.toSorted((a, b) => a.index - b.index).slice(0, SHOWN_FAILURES);
  const width = Math.min(40, Math.max(...shown.map(({ name }) => name.length)));
  const lines = shown.map(
    (result) =>
      `  ${painted(screen, 'bad', '✗')} ${result.name.padEnd(width)}  ${how(result)}` +
      (result.stderr === null ? '' : `  ${painted(screen, 'faint', `${folder}/${result.stderr}`)}`),
  );
  const more = failed.length - shown.length;
  return `\n${lines.join('\n')}${more > 0 ? `\n  and ${more} more` : ''}\n\n  --rerun_failed runs only those again.\n`;
}

function how({ exit_status, signal, message, state }: Result): string {
  if (signal !== null) {
    return `signal ${signal}`;
  }
  if (exit_status !== null) {
    return `exit status ${exit_status}`;
  }
  return message === '' ? state : printable(withShortPaths(message));
}
