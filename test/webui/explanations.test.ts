// Reasons of the master, in words.
import { expect, test } from 'vitest';
import { OfferExplanation_Reason } from '../../src/model/generated/messages.ts';
import { explanationWords, isOffered, shortageWords } from '../../src/webui/words/explanations.ts';
import { standingOf, steadyGroups, verdictOf } from '../../src/webui/words/standing.ts';

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

test('who declines all that it is offered is told so, and to say what it needs', () => {
  const explanation = (answers: object, groups: object[] = [{ reason: 'OFFERED', agents: 3 }]) => ({
    ...{ time: inMs(0), agents: 3, paused: false },
    roles: [{ role: '*', on_offer: 0, groups: groups as [] }],
    answers: { accepted: 0, declined: 42, since: inMs(-300_000), ...answers },
  });
  const text = (...of: Parameters<typeof explanation>) =>
    standingOf(explanation(...of), NOW_MS)?.text;
  expect(standingOf(explanation({}), NOW_MS)).toMatchObject({
    text: 'It gets offers and takes none: it has declined all 42 offers of the last 5 min.',
    isBarren: true,
  });
  expect(text({ declined: 1 })).toContain('the offer of the last 5 min.');
  expect(text({ accepted: 1 })).toBe(
    'It took its last offer 5 min ago, and has declined 42 offers since.',
  );
  expect(text({ accepted: 1, since: inMs(-1000) })).toBeUndefined();
  expect(text({ declined: 0 })).toBeUndefined();
  // It declined earlier what it is not offered now.
  expect(text({}, [{ reason: 'QUOTA_LIMIT', agents: 3 }])).toBeUndefined();
});

test('agents that are refused for seconds are one with those that are offered', () => {
  const [first, second] = [{ value: 'a' }, { value: 'b' }];
  const offered = { reason: 'OFFERED', agents: 1, examples: [second] };
  const refused = { reason: 'REFUSED', agents: 1, examples: [first], latest_end: inMs(4000) };
  const small = { reason: 'TOO_SMALL', agents: 1 };
  const again = { reason: 'OFFERED_AGAIN', agents: 2, examples: [first, second] };
  expect(steadyGroups([offered, small, refused], NOW_MS, false)).toEqual([again, small]);
  expect(steadyGroups([refused, offered], NOW_MS, false)).toEqual([again]);
  expect(words(again).text).toContain('2 agents are offered to it again and again');
  const long = { ...refused, latest_end: inMs(3_600_000) };
  expect(steadyGroups([offered, long], NOW_MS, false)).toEqual([offered, long]);
  const between = [{ ...again, agents: 1, examples: [second] }];
  expect(steadyGroups([offered], NOW_MS, true)).toEqual(between);
});

test('a demand can be met now, later, or never', () => {
  const word = (offered: number, possible: number, impossible: number) =>
    verdictOf({ offered, possible, impossible }).word;
  expect([word(1, 2, 0), word(0, 2, 1), word(0, 0, 3)]).toEqual(['Yes', 'Not now', 'Never']);
  expect(verdictOf({ offered: 0, possible: 0, impossible: 0 }).text).toBe('There is no agent.');
});
