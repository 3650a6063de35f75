// Wrong calls of the typed classes: each is refused with an error that says what is wrong, and the
// allocator's later decisions are the same as without the call.
import { describe, expect, test } from 'vitest';
import {
  AgentInfo_Capability_Type as AgentCapability,
  type AllocatorOptions,
  agentId,
  FrameworkInfo_Capability_Type as FrameworkCapability,
  frameworkId,
  type LiveAllocator,
  type MatchRequest,
  type Offer_Operation,
  parseResources,
  type Quota,
  type Resource,
  Value_Type,
} from '../../src/core.ts';
import { debugCore } from './debug.ts';

const core = await debugCore(20);
const a = agentId('a');
const f = frameworkId('f');
const nobody = frameworkId('nobody');
const nowhere = agentId('nowhere');

const agent = (id: string, total: readonly Resource[]) => ({
  id: agentId(id),
  facts: { hostname: id, attributes: [] },
  capabilities: [AgentCapability.MULTI_ROLE],
  total,
  used: [],
});

const framework = (id: string, roles: readonly string[]) => ({
  id: frameworkId(id),
  roles,
  suppressedRoles: [],
  capabilities: [FrameworkCapability.MULTI_ROLE],
  minAllocatable: {},
  active: true,
  used: [],
});

const held = (text: string) => ({
  frameworkId: f,
  agentId: a,
  role: 'r',
  resources: parseResources(text),
});

const cpus = (value: number): Resource[] => [
  { name: 'cpus', type: Value_Type.SCALAR, scalar: { value } },
];

const ports = (begin: number, end: number): Resource[] => [
  { name: 'ports', type: Value_Type.RANGES, ranges: { range: [{ begin, end }] } },
];

/** Two agents, two frameworks; one of them is offered everything of one agent. */
function cluster(): LiveAllocator {
  const allocator = core.allocator();
  allocator.addAgent(agent('a', parseResources('cpus:4;mem:1024;ports:[1-10]')));
  allocator.addFramework(framework('f', ['r', 's']));
  allocator.runBatch();
  allocator.launch(held('mem:1024'));
  allocator.addFramework(framework('g', ['s']));
  allocator.addAgent(agent('b', parseResources('cpus:2;mem:512')));
  return allocator;
}

/** What is free on each agent, and what the next runs offer. */
function decisions(allocator: LiveAllocator): unknown {
  const fork = allocator.fork();
  const books = [a, agentId('b')].map((id) => [fork.total(id), fork.free(id)]);
  fork.setTime(1e7);
  const batch = fork.runBatch();
  const offers = Array.from({ length: batch.count }, (_, index) => [
    batch.frameworkId(index),
    batch.role(index),
    batch.agentId(index),
    batch.resources(index),
  ]);
  return [books, fork.activeFilters(), offers];
}

const wrong: readonly (readonly [what: string, code: string, (on: LiveAllocator) => unknown])[] = [
  ['a time that is none', 'BAD_AMOUNT', (on) => on.setTime(Number.NaN)],
  ['a time before the beginning', 'BAD_AMOUNT', (on) => on.setTime(-1)],
  ['a negative amount', 'BAD_AMOUNT', (on) => on.addAgent(agent('x', cpus(-1)))],
  ['an amount that is none', 'BAD_AMOUNT', (on) => on.addAgent(agent('x', cpus(Number.NaN)))],
  ['an infinite amount', 'BAD_AMOUNT', (on) => on.addAgent(agent('x', cpus(Infinity)))],
  ['an amount beyond 2^53', 'BAD_AMOUNT', (on) => on.addAgent(agent('x', cpus(2 ** 53)))],
  [
    'a sum beyond 2^53',
    'BAD_AMOUNT',
    (on) => on.addAgent(agent('x', [...cpus(9e12), ...cpus(9e12)])),
  ],
  ['a range backwards', 'BAD_RANGE', (on) => on.addAgent(agent('x', ports(9, 3)))],
  ['a range of fractions', 'BAD_RANGE', (on) => on.addAgent(agent('x', ports(1.5, 3)))],
  ['a range beyond 2^53', 'BAD_RANGE', (on) => on.addAgent(agent('x', ports(1, 2 ** 60)))],
  ['an agent twice', 'EXISTS', (on) => on.addAgent(agent('a', cpus(1)))],
  [
    'an agent on which something impossible is used',
    'BAD_AMOUNT',
    (on) =>
      on.addAgent({ ...agent('x', cpus(9)), used: [{ ...held('cpus:1'), resources: cpus(-1) }] }),
  ],
  ['a place that is none', 'BAD_ARGUMENT', (on) => on.addAgent({ ...agent('x', []), place: NaN })],
  ['an unknown agent', 'BAD_HANDLE', (on) => on.removeAgent(nowhere)],
  [
    'a total that is none, with new facts',
    'BAD_AMOUNT',
    (on) => on.updateAgent(a, { facts: { hostname: 'z', attributes: [] }, total: cpus(-1) }),
  ],
  [
    'a provider with impossible use',
    'BAD_AMOUNT',
    (on) => on.addResourceProvider(a, cpus(1), [{ ...held('cpus:1'), resources: cpus(-1) }]),
  ],
  [
    'a provider with use in a role without a name',
    'BAD_ARGUMENT',
    (on) => on.addResourceProvider(a, cpus(1), [{ ...held('cpus:1'), role: 'r//x' }]),
  ],
  [
    'a framework that held something in a role without a name',
    'BAD_ARGUMENT',
    (on) =>
      on.addFramework({ ...framework('x', ['s']), used: [{ ...held('cpus:1'), role: 'r//x' }] }),
  ],
  ['a framework twice', 'EXISTS', (on) => on.addFramework(framework('f', ['r']))],
  ['a role without a name', 'BAD_ARGUMENT', (on) => on.addFramework(framework('x', ['s', 'r//x']))],
  [
    'a minimum that is negative',
    'BAD_AMOUNT',
    (on) => on.addFramework({ ...framework('x', ['s']), minAllocatable: { s: [{ cpus: -1 }] } }),
  ],
  [
    'terms with a minimum that is none',
    'BAD_AMOUNT',
    (on) =>
      on.updateFramework(f, { ...framework('f', ['t']), minAllocatable: { t: [{ cpus: NaN }] } }),
  ],
  [
    'constraints without groups',
    'BAD_ARGUMENT',
    (on) =>
      on.addFramework({ ...framework('x', ['s']), constraints: { role_constraints: { s: {} } } }),
  ],
  ['an unknown framework', 'BAD_HANDLE', (on) => on.removeFramework(nobody)],
  ['suppressing a foreign role', 'BAD_ARGUMENT', (on) => on.suppress(f, ['r', 'elsewhere'])],
  ['reviving a foreign role', 'BAD_ARGUMENT', (on) => on.revive(f, ['elsewhere'])],
  [
    'a negative guarantee',
    'BAD_AMOUNT',
    (on) => on.updateQuota('s', { guarantees: { cpus: -1 }, limits: {} }),
  ],
  [
    'a limit that is none',
    'BAD_AMOUNT',
    (on) => on.updateQuota('s', { guarantees: {}, limits: { cpus: 0, mem: Number.NaN } }),
  ],
  [
    'quota of a subrole',
    'BAD_ARGUMENT',
    (on) => on.updateQuota('s/t', { guarantees: {}, limits: { cpus: 0 } }),
  ],
  ['a weight of nothing', 'BAD_AMOUNT', (on) => on.updateWeights({ s: 9, r: 0 })],
  ['a launch on more than was offered', 'NOT_CONTAINED', (on) => on.launch(held('cpus:5'))],
  [
    'a launch in another role',
    'NOT_CONTAINED',
    (on) => on.launch({ ...held('cpus:1'), role: 'q' }),
  ],
  [
    'a launch of nobody',
    'BAD_HANDLE',
    (on) => on.launch({ ...held('cpus:1'), frameworkId: nobody }),
  ],
  [
    'a return of more than there was',
    'NOT_CONTAINED',
    (on) => on.recover({ ...held('cpus:5'), wasUsed: false, refuseSeconds: 5 }),
  ],
  [
    'a return of an offer that a task was launched on',
    'NOT_CONTAINED',
    (on) => on.recover({ ...held('mem:1'), wasUsed: false }),
  ],
  [
    'a return from tasks that are not there',
    'NOT_CONTAINED',
    (on) => on.recover({ ...held('cpus:1'), wasUsed: true }),
  ],
  [
    'quotas of a leader that has agents',
    'BAD_STATE',
    (on) => on.recoverQuotas(9, { r: { guarantees: {}, limits: {} } }),
  ],
];

describe('a wrong call of an allocator is refused and changes no decision:', () => {
  test.each(wrong)('%s', (_, code, call) => {
    const allocator = cluster();
    const before = decisions(allocator);
    expect(() => call(allocator)).toThrow(expect.objectContaining({ name: 'CoreError', code }));
    expect(decisions(allocator)).toEqual(before);
  });
});

/** As a caller in JavaScript may make it: without a field, or with one of another type. */
const without = <T extends object>(whole: T, field: keyof T, value?: unknown): T => ({
  ...whole,
  [field]: value,
});

const plainAgent = agent('x', cpus(1));
const plainFramework = framework('x', ['s']);
const use = { ...held('cpus:1'), agentId: agentId('x') };
const undefinedList = undefined as unknown as readonly [];

const missing: readonly (readonly [what: string, (on: LiveAllocator) => unknown])[] = [
  ...(['id', 'facts', 'capabilities', 'total', 'used'] as const).map(
    (field) =>
      [`agent.${field}`, (on: LiveAllocator) => on.addAgent(without(plainAgent, field))] as const,
  ),
  ['agent.facts.attributes', (on) => on.addAgent(without(plainAgent, 'facts', { hostname: 'x' }))],
  ['agent.total[0]', (on) => on.addAgent(without(plainAgent, 'total', [null]))],
  ['name of a resource', (on) => on.addAgent(without(plainAgent, 'total', [{ type: 0 }]))],
  ['agent.used[1]', (on) => on.addAgent(without(plainAgent, 'used', [use, null]))],
  ['resources', (on) => on.addAgent({ ...plainAgent, used: [without(use, 'resources')] })],
  ['role', (on) => on.addAgent({ ...plainAgent, used: [use, without(use, 'role')] })],
  ['agent.offered', (on) => on.addAgent(without({ ...plainAgent, offered: [] }, 'offered', {}))],
  ...(['id', 'roles', 'suppressedRoles', 'capabilities', 'minAllocatable', 'used'] as const).map(
    (field) =>
      [
        `framework.${field}`,
        (on: LiveAllocator) => on.addFramework(without(plainFramework, field)),
      ] as const,
  ),
  [
    'framework.minAllocatable.s',
    (on) => on.addFramework(without(plainFramework, 'minAllocatable', { s: {} })),
  ],
  [
    'terms.suppressedRoles',
    (on) => on.updateFramework(f, without(plainFramework, 'suppressedRoles')),
  ],
  ['change.total', (on) => on.updateAgent(a, { total: 'cpus:1' as unknown as readonly [] })],
  ['used', (on) => on.addResourceProvider(a, cpus(1), undefinedList)],
  ['hostnames', (on) => on.updateWhitelist(undefinedList)],
  ['roles', (on) => on.suppress(f, undefinedList)],
  ['roles', (on) => on.revive(f, undefinedList)],
  ['limits of s', (on) => on.updateQuota('s', { guarantees: {} } as Quota)],
  ['weights', (on) => on.updateWeights(undefined as unknown as Record<string, number>)],
  ['resources', (on) => on.launch(without(held('cpus:1'), 'resources'))],
  ['resources', (on) => on.recover({ ...without(held('cpus:1'), 'resources'), wasUsed: false })],
  ['operations', (on) => on.convert(held('cpus:1'), undefinedList)],
];

describe('a call without what it needs is refused, names it and changes no decision:', () => {
  test.each(missing)('%s', (what, call) => {
    const allocator = cluster();
    const before = decisions(allocator);
    expect(() => call(allocator)).toThrow(
      expect.objectContaining({
        name: 'CoreError',
        code: 'BAD_ARGUMENT',
        message: expect.stringContaining(`BAD_ARGUMENT: ${what}: expected `),
      }),
    );
    expect(decisions(allocator)).toEqual(before);
    allocator.addAgent({ ...plainAgent, used: [use] });
    allocator.addFramework(plainFramework);
  });
});

test('a framework that is refused for too many names is not there', () => {
  const allocator = cluster();
  const names = Array.from({ length: 1100 }, (_, index) => [`name ${index}`, 1]);
  const minAllocatable = { s: [Object.fromEntries(names)] };
  expect(() => allocator.addFramework({ ...plainFramework, minAllocatable })).toThrow('TOO_MANY');
  expect(() => allocator.removeFramework(plainFramework.id)).toThrow('BAD_HANDLE');
});

test('of quotas that are refused, none is set, and no pause begins', () => {
  const allocator = core.allocator();
  const none = { guarantees: {}, limits: { cpus: 0 } };
  expect(() => allocator.recoverQuotas(9, { s: none, 's/t': none })).toThrow(
    'BAD_ARGUMENT: quota of s/t: expected a top-level role',
  );
  expect(allocator.paused).toBe(false);
  allocator.addAgent(plainAgent);
  allocator.addFramework(plainFramework);
  expect(allocator.runBatch().count).toBe(1);
});

test('a refused agent leaves no framework behind that it named', () => {
  const allocator = cluster();
  const used = [
    { ...use, frameworkId: nobody },
    { ...use, frameworkId: nobody, resources: cpus(-1) },
  ];
  expect(() => allocator.addAgent({ ...plainAgent, used })).toThrow('BAD_AMOUNT');
  expect(allocator.explain(nobody, 'r', a)).toEqual({ reason: 'unknown' });
  allocator.addAgent({ ...plainAgent, used: [{ ...use, frameworkId: nobody }] });
  allocator.addFramework(framework('nobody', ['r']));
});

test('a role that Mesos does not allow is refused', () => {
  const allocator = cluster();
  expect(() => allocator.addFramework(framework('x', ['a b']))).toThrow(
    "BAD_ARGUMENT: Role component 'a b' is invalid",
  );
  expect(() => allocator.updateWeights({ 'a/..': 2 })).toThrow("cannot include '..'");
});

test('a return from an agent or framework that is gone is no error', () => {
  const allocator = cluster();
  const before = decisions(allocator);
  allocator.recover({ ...held('cpus:1'), agentId: nowhere, wasUsed: false });
  allocator.recover({ ...held('cpus:1'), frameworkId: nobody, wasUsed: false });
  expect(decisions(allocator)).toEqual(before);
});

const undefinedCalls: readonly (readonly [what: string, () => unknown])[] = [
  ['tasks', () => core.matcher.match({} as MatchRequest)],
  [
    'tasks[0].amounts',
    () => core.matcher.match({ tasks: [{} as never], offers: [], fitness: { type: 'spread' } }),
  ],
  ['fitness', () => core.matcher.match({ tasks: [], offers: [] } as unknown as MatchRequest)],
  [
    'fitness.type',
    () => core.matcher.match({ tasks: [], offers: [], fitness: { type: 'best' as 'spread' } }),
  ],
  ['resources', () => core.ledger(undefinedList)],
  ['resources', () => core.ledger(cpus(1)).take('one', undefinedList)],
  ['left', () => core.algebra.add(undefinedList, cpus(1))],
  ['part', () => core.algebra.contains(cpus(1), undefinedList)],
  ['resources', () => core.algebra.pool(cpus(1)).put(undefinedList)],
  ['operation', () => core.algebra.operationError(undefined as unknown as Offer_Operation)],
  ['minAllocatable', () => core.allocator({ minAllocatable: {} as [] })],
];

test.each(undefinedCalls)('a match, sum or ledger without %s is refused', (what, call) => {
  expect(call).toThrow(
    expect.objectContaining({
      name: 'CoreError',
      message: expect.stringContaining(`BAD_ARGUMENT: ${what}: expected `),
    }),
  );
});

test('what is no saved allocator is refused', () => {
  for (const saved of [undefined, 'text', new Uint8Array(3)]) {
    expect(() => core.restore(saved as Uint8Array)).toThrow(
      expect.objectContaining({ name: 'CoreError', code: 'BAD_ARGUMENT' }),
    );
  }
});

test('an error says what is wrong with what', () => {
  const allocator = cluster();
  expect(() => allocator.updateQuota('r', { guarantees: { cpus: -1 }, limits: {} })).toThrow(
    'BAD_AMOUNT: an amount is negative, too large or no number (cpus)',
  );
  expect(() => allocator.removeAgent(nowhere)).toThrow(
    'BAD_HANDLE: there is no such thing (agent nowhere)',
  );
});

test.each<Partial<AllocatorOptions>>([
  { seed: -1 },
  { seed: 0.5 },
  { allocationIntervalMs: Number.NaN },
  { minAllocatable: [{ cpus: -1 }] },
  { roleSorter: 'fifo' as 'drf' },
  { regexMaxProgramSize: Number.NaN },
])('options that make no sense are refused: %j', (options) => {
  expect(() => core.allocator(options)).toThrow(expect.objectContaining({ name: 'CoreError' }));
});

test('a batch has no more offers than it counts', () => {
  const batch = cluster().runBatch();
  expect(batch.count).toBe(1);
  for (const index of [-1, 1, Number.NaN]) {
    expect(() => batch.resources(index)).toThrow(RangeError);
    expect(() => batch.frameworkId(index)).toThrow(RangeError);
    expect(() => batch.inverseAgentId(index)).toThrow(RangeError);
  }
});

test('a batch is not read after the next call', () => {
  const allocator = core.allocator();
  allocator.addAgent(agent('a', parseResources('cpus:4;mem:1024')));
  allocator.addFramework(framework('f', ['r']));
  const batch = allocator.runPending();
  expect(batch.agentId(0)).toBe(a);
  const offered = batch.resources(0);
  allocator.recover({ frameworkId: f, agentId: a, role: 'r', resources: offered, wasUsed: false });
  expect(() => batch.resources(0)).toThrow('is to be read before the next call');
  expect(() => batch.agentId(0)).toThrow('is to be read before the next call');
  expect(allocator.runBatch().resources(0)).toEqual(offered);
});
