// The progress of a batch on a terminal.
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openProgress } from '../../../src/cli/batch/progress.ts';

/** Collects what a terminal would get. */
function terminal() {
  let text = '';
  const stream = new Writable({
    write: (piece, _encoding, done) => {
      text += piece;
      done();
    },
  });
  const output = Object.assign(stream, { isTTY: true, columns: 80 });
  const progress = openProgress(output as unknown as NodeJS.WriteStream);
  const shown = () => {
    const now = text;
    text = '';
    return now;
  };
  return { progress, shown };
}

test('a line before the first counts draws no bar, and the first bar is that of the batch', () => {
  const { progress, shown } = terminal();
  progress.say('tasks.csv: 12 tasks');
  expect(shown()).toMatch(/tasks\.csv: 12 tasks\n$/);
  progress.update({ total: 12, running: 3, succeeded: 1, failed: 1 });
  const bar = shown();
  expect(bar).toContain('2/12   3 running   1 failed');
  expect(bar).not.toMatch(/[{}]|0\/100/);
  progress.say('a word in between');
  expect(shown()).toMatch(/a word in between\n[\s\S]*2\/12/);
  progress.end();
});

test('a batch that ends before its first counts leaves no bar', () => {
  const { progress, shown } = terminal();
  progress.say('nothing to do');
  progress.end();
  expect(shown()).not.toMatch(/[{}░]/);
});
