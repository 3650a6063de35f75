// What the page says about tasks and names.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DrainState,
  TaskState,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { AgentRow, FrameworkRow } from '../../src/webui/store/rows.ts';
import { agentCondition, agentName, frameworkCondition } from '../../src/webui/words/conditions.ts';
import { plainName } from '../../src/webui/words/names.ts';
import { reasonWords, sourceWords } from '../../src/webui/words/reasons.ts';
import { resourceWords } from '../../src/webui/words/resources.ts';
import { stateWords } from '../../src/webui/words/task-states.ts';

const HIDDEN = /[\p{Cc}\p{Cf}]/u;

test('each state has words of its own, and so has one that is not known', () => {
  const texts = Object.values(TaskState).map((state) => stateWords(state).text);
  expect(new Set(texts).size).toBe(texts.length);
  expect(stateWords(99).text).toBe('Unknown');
});

test('names cannot hide, reorder or imitate', () => {
  expect(plainName('web-front')).toBe('web-front');
  expect(plainName('été 東京 שלום')).toBe('été 東京 שלום');
  expect(plainName('\u202egnp.exe')).toBe('‹202E›gnp.exe');
  expect(plainName('a\u200bb\u0000c\n')).toBe('a‹200B›b‹0000›c‹000A›');
  expect(plainName('x'.repeat(10_000))).toHaveLength(301);
  fc.assert(
    fc.property(fc.array(fc.nat(0x10ffff)), (codes) => {
      expect(HIDDEN.test(plainName(String.fromCodePoint(...codes)))).toBe(false);
    }),
  );
});

test('each reason and source has words', () => {
  const reasons = Object.values(TaskStatus_Reason).map(reasonWords);
  expect(new Set(reasons).size).toBe(reasons.length);
  expect([reasonWords(undefined), reasonWords(999), sourceWords(undefined)]).toEqual([
    ...[undefined, undefined, undefined],
  ]);
  expect(Object.values(TaskStatus_Source).map(sourceWords)).toEqual([
    'master',
    'agent',
    'executor',
  ]);
});

test('resources say how much, for whom, and what is special about them', () => {
  expect(resourceWords({ name: 'mem', scalar: { value: 1536 } })).toBe('1.5 GB memory');
  expect(resourceWords({ name: 'cpus', scalar: { value: 2 }, revocable: {} })).toBe(
    '2 CPUs, can be taken back',
  );
  expect(
    resourceWords({
      ...{ name: 'disk', scalar: { value: 64 }, shared: {} },
      reservations: [{ role: 'eng' }, { role: 'eng/web' }],
      disk: { persistence: { id: 'data' } },
    }),
  ).toBe('64.0 MB disk, reserved for eng/web, volume data, shared');
  const range = Array.from({ length: 13 }, (_, index) => ({ begin: index * 10, end: index * 10 }));
  expect(resourceWords({ name: 'ports', ranges: { range } })).toMatch(/^0, 10, .*, 110 … ports$/);
  expect(resourceWords({ name: 'ports', ranges: { range: [{ begin: 1, end: 5 }] } })).toBe(
    '1–5 ports',
  );
  expect(resourceWords({ name: 'bugs', set: { item: ['a', 'b'] }, role: 'qa' })).toBe(
    'a, b bugs, reserved for qa',
  );
});

test('an agent is what its operators and the master say of it', () => {
  const of = (fields: Partial<AgentRow>) =>
    agentCondition(Object.assign(new AgentRow(), { active: true, ...fields })).key;
  expect(of({})).toBe('active');
  expect(of({ active: false })).toBe('disconnected');
  expect(of({ active: false, deactivated: true })).toBe('deactivated');
  expect(of({ deactivated: true, drainState: DrainState.DRAINING })).toBe('draining');
  expect(of({ deactivated: true, drainState: DrainState.DRAINED })).toBe('drained');
  expect(of({ active: false, isRecovered: true })).toBe('recovered');
  const named = (port: number) =>
    agentName(Object.assign(new AgentRow(), { hostname: 'a.example', port }));
  expect([named(5051), named(5052), agentName(undefined)]).toEqual([
    ...['a.example', 'a.example:5052', undefined],
  ]);
});

test('a framework is as its scheduler is', () => {
  const of = (fields: Partial<FrameworkRow>) =>
    frameworkCondition(
      Object.assign(new FrameworkRow(), { active: true, connected: true, ...fields }),
    ).key;
  expect(of({})).toBe('active');
  expect(of({ active: false })).toBe('inactive');
  expect(of({ active: false, connected: false })).toBe('disconnected');
  expect(of({ connected: false, recovered: true })).toBe('recovered');
  expect(of({ isCompleted: true, recovered: true })).toBe('completed');
});
