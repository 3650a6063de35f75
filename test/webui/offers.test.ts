// Offers on the table, as the page reads them from the answer in JSON.
import { expect, test } from 'vitest';
import { holdersOf, offerRows } from '../../src/webui/store/offers.ts';
import { amountsWords } from '../../src/webui/words/resources.ts';

const offer = (id: string, framework: string, madeMs: number, cpus: number) => ({
  offer_id: { value: id },
  framework_id: { value: framework },
  agent_id: { value: 'agent' },
  role: 'eng',
  resources: [
    { name: 'cpus', scalar: { value: cpus } },
    { name: 'cpus', scalar: { value: 0.1 }, revocable: {} },
    { name: 'mem', scalar: { value: 1024 } },
  ],
  made_time: { nanoseconds: madeMs * 1e6 },
});

test('an offer says what, to whom and since when', () => {
  const [row] = offerRows({
    offers: [{ ...offer('o1', 'f1', 5000, 0.2), end_time: { nanoseconds: 9e9 } }],
  });
  expect(row).toEqual({
    ...{ id: 'o1', frameworkId: 'f1', agentId: 'agent', role: 'eng', madeMs: 5000, endMs: 9000 },
    amounts: [300, 1_024_000, 0, 0],
    words: '0.2 CPUs; 0.1 CPUs, can be taken back; 1.0 GB memory',
  });
  expect(offerRows({})).toEqual([]);
  expect(offerRows({ offers: [{}] })).toMatchObject([{ id: '', role: '*', madeMs: 0, endMs: 0 }]);
});

test('who has waited for longest comes first, with all that it holds', () => {
  const offers = offerRows({
    offers: [offer('o1', 'f1', 3000, 1), offer('o2', 'f2', 2000, 2), offer('o3', 'f1', 4000, 3)],
  });
  const holders = holdersOf(offers);
  expect(holders).toEqual([
    { frameworkId: 'f2', offers: 1, amounts: [2100, 1_024_000, 0, 0], oldestMs: 2000 },
    { frameworkId: 'f1', offers: 2, amounts: [4200, 2_048_000, 0, 0], oldestMs: 3000 },
  ]);
  expect(amountsWords(holders[1]?.amounts ?? [0, 0, 0, 0])).toBe('4.2 CPUs, 2.0 GB memory');
});
