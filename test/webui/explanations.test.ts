// Reasons of the master, in words.
import { expect, test } from 'vitest';
import { OfferExplanation_Reason } from '../../src/model/generated/messages.ts';
import { explanationWords, isOffered, shortageWords } from '../../src/webui/words/explanations.ts';

const NOW_MS = 1_700_000_000_000;
const inMs = (ms: number) => ({ nanoseconds: (NOW_MS + ms) * 1e6 });
const words = (group: object) => explanationWords({ reason: '', agents: 2, ...group }, NOW_MS);

test('each reason has words of its own, and one that is not known says its name', () => {
  const names = Object.keys(OfferExplanation_Reason).filter((name) => name !== 'UNKNOWN');
  const texts = names.map((reason) => words({ reason }).text);
  expect(new Set(texts).size).toBe(names.length);
  for (const [index, name] of names.entries()) {
    expect(texts[index]).not.toContain(name);
  }
  expect(words({ reason: 'MOON_PHASE' }).text).toBe('MOON_PHASE: 2 agents.');
});

test('refusals say how long they last', () => {
  const reason = 'REFUSED';
  const latest_end = inMs(300_000);
  expect(words({ reason, agents: 312, latest_end, earliest_end: latest_end })).toMatchObject({
    text: 'It has refused 312 agents for 5 min more.',
    remedy: expect.stringMatching(/^It was offered them and took nothing.*\(REVIVE\)/),
  });
  expect(words({ reason, latest_end, earliest_end: inMs(-1) }).text).toBe(
    'It has refused 2 agents for 1 s to 5 min more.',
  );
});

test('a framework that gets offers has its reason itself, also between two refusals', () => {
  const groups = (...reasons: string[]) => reasons.map((reason) => ({ reason, agents: 1 }));
  expect(isOffered(groups('NOTHING_FREE', 'REFUSED'))).toBe(true);
  expect(isOffered(groups('OFFERED'))).toBe(true);
  expect(isOffered(groups('SUPPRESSED', 'NOTHING_FREE'))).toBe(false);
});

test('quotas say what of them is used', () => {
  const quota = { role: 'web', resource: 'cpus', consumed: 40, limit: 40, guarantee: 50 };
  expect(words({ reason: 'QUOTA_LIMIT', quotas: [quota] }).details).toEqual([
    'Quota of role web: 40 of 40 CPUs',
  ]);
  expect(words({ reason: 'QUOTA_HEADROOM', quotas: [quota] }).details).toEqual([
    'Role web has 40 of 50 CPUs that it is guaranteed',
  ]);
});

test('constraints and shortages say what of whom', () => {
  const constraint = {
    selector: { attribute_name: 'rack' },
    predicate: { text_equals: { value: 'r7' } },
  };
  const zone = { selector: { pseudoattribute_type: 'ZONE' }, predicate: { not_exists: {} } };
  const constraints = [
    { constraint, agents: 1 },
    { constraint: zone, agents: 2 },
  ];
  expect(words({ reason: 'OFFER_CONSTRAINT', constraints }).details).toEqual([
    '“rack is r7”: not so of 1 agent',
    '“zone is not there”: not so of 2 agents',
  ]);
  expect(words({ reason: 'SHARE_ORDER', fewest_ahead: 3, most_ahead: 8 }).details).toEqual([
    '3 to 8 others before it',
  ]);
  expect(shortageWords({ resource: 'mem', agents: 1, most: 2048 })).toBe(
    '1 agent with too little memory; the most is 2.0 GB',
  );
});
