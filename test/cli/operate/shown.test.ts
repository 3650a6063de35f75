import { expect, test } from 'vitest';
import { awaitedText } from '../../../src/cli/operate/connection/things.ts';
import { listed } from '../../../src/cli/operate/output/shown.ts';

const pipe = { isTerminal: false, columns: Number.POSITIVE_INFINITY, isPainted: false };

const back = { active: true, version: '', registered_time: { nanoseconds: 1n } };

const agents = (hosts: readonly string[]) => [
  ...[{ ...back, agent_info: { hostname: 'back' } }],
  ...hosts.map((hostname) => ({ agent_info: { hostname }, active: false, version: '' })),
];

const said = (rows: readonly string[], output: 'table' | 'json' = 'table') =>
  listed(
    {
      ...{ rows, nameOf: String, jsonOf: String, none: 'no tasks run' },
      columns: [{ title: 'ID', text: String }],
      note: awaitedText(agents(['a', 'b'])),
    },
    { output, filter: undefined, headers: true, sort_by: undefined },
    pipe,
  );

test('agents that have not come back are told beside the tasks of others', async () => {
  expect(await said(['c'])).toEqual({
    text: 'ID\nc\n',
    note: '2 agents have not come back yet (a, b)',
  });
  expect((await said([])).note).toBe('no tasks run; 2 agents have not come back yet (a, b)');
  expect((await said(['c'], 'json')).note).toBeUndefined();
});

test('nothing is said of none, and of many the first', () => {
  expect(awaitedText(agents([]))).toBeUndefined();
  const many = Array.from({ length: 7 }, (_, at) => `h${at}`);
  expect(awaitedText(agents(many))).toContain('7 agents have not come back yet');
  expect(awaitedText(agents(many))).toContain('(h0, h1, h2, h3, h4, …)');
});
