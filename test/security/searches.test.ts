// Short searches for ways around authorization; `npm run test:long -- --suite=security` goes on
// with other seeds. Seeds that have found something are kept here.
import { describe, expect, test } from 'vitest';
import { searchAgent } from './agent-search.ts';
import { Breach } from './breach.ts';
import { searchLists } from './list-search.ts';
import { MasterSearch, searchMaster } from './master-search.ts';

const seeds = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('nobody gets more than the lists give', () => {
  test('in lists of any form: Mesos would decide the same', () => {
    seeds(1, 40).forEach(searchLists);
  });

  // Whose object has a principal that is not set, and a rule that names nobody.
  test.each([2, 7, 8, 13])('in lists of seed %i', (seed) => searchLists(seed));

  test('of a master', () => {
    seeds(1, 8).forEach(searchMaster);
  });

  test('of an agent', () => {
    seeds(1, 10).forEach(searchAgent);
  });

  // 322: a session by the right to launch; 168: a framework under the id of another one.
  test.each([168, 322])('of an agent, seed %i', searchAgent);
});

test('a search complains of a master that no longer asks', () => {
  expect(() =>
    seeds(1, 10).forEach((seed) => {
      const search = new MasterSearch(seed);
      search.acts.begin();
      search.exchange();
      Object.assign(search.world.options.authorizer, { authorize: () => true });
      for (let i = 0; i < 30; i++) {
        search.acts.act();
      }
    }),
  ).toThrow(Breach);
});
