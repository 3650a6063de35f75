// The figures of agents that answer what they like.
import { expect, test } from 'vitest';
import { usedIn } from '../../../src/cli/scripts/used.ts';

test.each([undefined, null, 5, 'x', {}, { map: 5 }])('%o tells nothing', (answer) => {
  expect(usedIn(answer).size).toBe(0);
});

test('what is no figure is left out, and the rest is there', () => {
  const statistics = {
    cpus_limit: 1.5,
    cpus_user_time_secs: 'x',
    cpus_system_time_secs: null,
    mem_rss_bytes: JSON.parse('1e999'),
    mem_limit_bytes: -1,
    other: 5,
  };
  const used = usedIn([null, 5, { framework_id: 'f', executor_id: 'e', statistics }]);
  expect(used.get('f e')).toEqual({ cpus_limit: 1.5 });
});
