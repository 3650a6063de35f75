// A short search; `npm run test:long -- --suite=security` goes on with other seeds.
import { test } from 'vitest';
import { searchFiles } from './file-search.ts';

test('files of secrets, lists and limits are what they say, or refused with a reason', () => {
  for (let seed = 1; seed <= 8; seed++) {
    searchFiles(seed);
  }
});
