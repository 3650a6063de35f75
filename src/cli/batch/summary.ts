// The table at the end of a batch.
import { bad, emphasis, faint, good } from '../terminal.ts';
import type { Journal, Result } from './journal.ts';
import { formatSeconds } from './progress.ts';

export interface SummaryFacts {
  readonly counts: { readonly total: number; readonly succeeded: number; readonly failed: number };
  readonly journal: Journal;
  readonly folder: string;
  readonly seconds: number;
  /** How many tasks an earlier run had finished. */
  readonly doneBefore: number;
}

const SHOWN_FAILURES = 10;

export function printSummary(facts: SummaryFacts): void {
  console.log(summaryText(facts));
}

function summaryText({ counts, journal, folder, seconds, doneBefore }: SummaryFacts): string {
  const results = [...journal.results.values()];
  const repeated = results.filter(({ attempts }) => attempts > 1).length;
  const now = counts.succeeded + counts.failed - doneBefore;
  const rows: (readonly [string, string])[] = [
    ['finished', good(String(counts.succeeded))],
    ['failed', counts.failed > 0 ? bad(String(counts.failed)) : '0'],
    ...(repeated > 0 ? [['run again', String(repeated)] as const] : []),
    ...(doneBefore > 0 ? [['done before', String(doneBefore)] as const] : []),
    ['time', formatSeconds(seconds) + (now > 0 ? `, ${rate(now / seconds)} tasks a second` : '')],
    ['results', emphasis(`${folder}/results.jsonl`)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}   ${value}`).join('\n');
  return `\n${table}\n${failures(results, folder)}`;
}

const rate = (value: number) => (value >= 10 ? String(Math.round(value)) : value.toFixed(1));

function failures(results: readonly Result[], folder: string): string {
  const failed = results.filter(({ state }) => state !== 'TASK_FINISHED');
  if (failed.length === 0) {
    return '';
  }
  const shown = failed.toSorted((a, b) => a.index - b.index).slice(0, SHOWN_FAILURES);
  const width = Math.min(40, Math.max(...shown.map(({ name }) => name.length)));
  const lines = shown.map(
    (result) =>
      `  ${bad('✗')} ${result.name.padEnd(width)}  ${how(result)}` +
      (result.stderr === null ? '' : `  ${faint(`${folder}/${result.stderr}`)}`),
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
  return message === '' ? state : message;
}
