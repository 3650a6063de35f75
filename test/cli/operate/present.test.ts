import { expect, test, vi } from 'vitest';
import { CommandError, EXIT } from '../../../src/cli/operate/outcome.ts';
import { presentList } from '../../../src/cli/operate/output/present.ts';

/** What is written where each look gives the next of these; the last one ends it. */
async function watched(...looks: readonly (string | Error)[]) {
  const said = { stdout: '', stderr: '', end: undefined as unknown };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
  }
  const left = [...looks];
  const values = { watch: true, interval: 1, output: 'name', headers: true } as const;
  said.end = await presentList<string>(
    { ...values, filter: undefined, sort_by: undefined },
    async () => {
      const look = left.shift();
      if (typeof look !== 'string') {
        throw look;
      }
      return { rows: [look], columns: [], nameOf: (row) => row, jsonOf: (row) => row, none: '' };
    },
  ).catch((error: unknown) => error);
  vi.restoreAllMocks();
  return said;
}

const gone = new CommandError(EXIT.unreachable, 'no master answers');
const bug = new Error('a bug');

test('watching goes on while the master is gone, and tells that once', async () => {
  expect(await watched('a', gone, gone, 'a', gone, 'b', bug)).toEqual({
    stdout: 'a\n\nb\n',
    stderr: 'no master answers\nno master answers\n',
    end: bug,
  });
});

test('watching does not begin where no master is', async () => {
  expect(await watched(gone, 'a', bug)).toEqual({ stdout: '', stderr: '', end: gone });
});
