// Random histories. A step says what happens in words that fit any state ("decline the third of the
// offers there are"), so that a history without some of its steps is still a history: that makes
// failures shrink well. `world.ts` turns steps into events.
import fc from 'fast-check';
import type { TraceAttribute, TraceConstraint, TraceOptions } from './trace.ts';

/** Chooses one of the things that exist: the index is taken modulo their number. */
export type Pick = number;

export interface ItemPlan {
  readonly name: 'cpus' | 'mem' | 'disk' | 'gpus' | 'ports' | 'zones';
  readonly amount: number;
  readonly reservedFor: readonly string[];
  /** Kind of disk, for disks only. */
  readonly disk: 'plain' | 'mount' | 'path' | 'volume' | 'shared volume';
  readonly revocable: boolean;
}

export interface TermsPlan {
  readonly roles: readonly string[];
  readonly capabilities: readonly string[];
  readonly suppressed: readonly Pick[];
  readonly minAllocatable: readonly (readonly [Pick, readonly string[]])[];
  readonly constraints: readonly (readonly [Pick, readonly (readonly TraceConstraint[])[]])[];
}

export interface AgentPlan {
  readonly items: readonly ItemPlan[];
  readonly host: Pick | undefined;
  readonly attributes: readonly TraceAttribute[];
  readonly capabilities: readonly string[] | undefined;
  readonly region: string | undefined;
  readonly zone: string;
  readonly unavailable: boolean;
}

export type Step =
  | { readonly do: 'add agent'; readonly agent: AgentPlan; readonly used: Pick | undefined }
  | { readonly do: 'return agent'; readonly which: Pick; readonly agent: AgentPlan }
  | {
      readonly do: 'change agent';
      readonly which: Pick;
      readonly what: 'facts' | 'total' | 'both';
      readonly agent: AgentPlan;
    }
  | { readonly do: 'remove agent' | 'activate agent' | 'deactivate agent'; readonly which: Pick }
  | { readonly do: 'add provider'; readonly which: Pick; readonly items: readonly ItemPlan[] }
  | { readonly do: 'add framework'; readonly terms: TermsPlan; readonly active: boolean }
  | { readonly do: 'change framework'; readonly which: Pick; readonly terms: TermsPlan }
  | {
      readonly do: 'remove framework' | 'activate framework' | 'deactivate framework';
      readonly which: Pick;
    }
  | { readonly do: 'suppress' | 'revive'; readonly which: Pick; readonly roles: readonly Pick[] }
  | { readonly do: 'weigh'; readonly role: string; readonly weight: number }
  | {
      readonly do: 'set quota';
      readonly role: string;
      readonly cpus: number;
      readonly mem: number;
      readonly disk: number;
      readonly gpus: number;
      readonly limit: number;
      readonly limitsOnly: boolean;
    }
  | { readonly do: 'recover quotas'; readonly agents: number; readonly roles: readonly string[] }
  | { readonly do: 'decline'; readonly which: readonly Pick[]; readonly refuse: number | undefined }
  | {
      readonly do: 'accept';
      readonly which: Pick;
      readonly operations: readonly (readonly [
        'reserve' | 'unreserve' | 'create' | 'destroy',
        Pick,
      ])[];
      /** The fractions of what is left that tasks take. */
      readonly tasks: readonly number[];
      readonly refuse: number | undefined;
    }
  | { readonly do: 'finish'; readonly which: Pick; readonly share: number }
  | {
      readonly do: 'operate';
      readonly which: Pick;
      readonly operation: 'reserve' | 'unreserve' | 'create' | 'destroy';
      readonly item: Pick;
    }
  | { readonly do: 'plan maintenance'; readonly which: Pick; readonly ends: boolean }
  | {
      readonly do: 'answer inverse';
      readonly which: Pick;
      readonly accept: boolean;
      readonly refuse: number | undefined;
    }
  | { readonly do: 'whitelist'; readonly hosts: readonly Pick[] | null }
  | { readonly do: 'advance'; readonly ms: number };

export interface History {
  readonly options: TraceOptions;
  readonly steps: readonly Step[];
}

/** The path of `r1/+` stands before that of the virtual leaf of `r1`, which is `r1/.`. */
export const ROLES = [
  '*',
  'r1',
  'r2',
  'r3',
  'r1/x',
  'r1/x/z',
  'r1/x/z/q',
  'r1/y',
  'r1/+',
  'r2/k',
] as const;
const RESERVATIONS: readonly (readonly string[])[] = [
  ['S,r1'],
  ['S,r2'],
  ['D,r1,p1'],
  ['D,r1/x,p1'],
  ['D,r2/k,p1'],
  ['S,r1', 'D,r1/x,p1'],
  ['S,r1', 'D,r1/x,p1', 'D,r1/x/z,p2'],
  ['D,r1/x/z/q,p1'],
  ['S,r1', 'D,r1/+,p1'],
  ['S,r1/x'],
];

const pick = fc.nat({ max: 30 });
const often = <T>(value: T, other: fc.Arbitrary<T>, weight = 4) =>
  fc.oneof({ arbitrary: fc.constant(value), weight }, { arbitrary: other, weight: 1 });

const AMOUNTS: Readonly<Record<ItemPlan['name'], readonly number[]>> = {
  cpus: [0.1, 0.7, 1, 1.118, 2, 4, 7.5, 16],
  mem: [16, 32, 64.5, 100.1, 128, 512, 1024],
  disk: [10, 33.3, 50, 100, 250],
  gpus: [1, 2],
  ports: [1, 5, 20],
  zones: [1, 2, 3],
};

const item = fc
  .constantFrom<ItemPlan['name'][]>(
    'cpus',
    'cpus',
    'mem',
    'mem',
    'disk',
    'disk',
    'gpus',
    'ports',
    'zones',
  )
  .chain((name) =>
    fc.record<ItemPlan>({
      name: fc.constant(name),
      amount: fc.constantFrom(...AMOUNTS[name]),
      reservedFor: often<readonly string[]>([], fc.constantFrom(...RESERVATIONS), 2),
      disk:
        name === 'disk'
          ? fc.constantFrom('plain', 'plain', 'mount', 'path', 'volume', 'shared volume')
          : fc.constant('plain'),
      revocable:
        name === 'cpus' || name === 'mem' ? often(false, fc.constant(true)) : fc.constant(false),
    }),
  );

const attribute: fc.Arbitrary<TraceAttribute> = fc.oneof(
  fc.tuple(
    fc.constantFrom('rack', 'os'),
    fc.constant('text' as const),
    fc.constantFrom('k1', 'k2', 'linux'),
  ),
  fc.tuple(
    fc.constantFrom('level', 'rack'),
    fc.constant('scalar' as const),
    fc.constantFrom(1, 2.5),
  ),
  fc.tuple(
    fc.constantFrom('span', 'os'),
    fc.constant('ranges' as const),
    fc.constantFrom<[number, number][]>([[1, 5]], [
      [1, 3],
      [7, 9],
    ] as never),
  ),
);

const agent = fc.record<AgentPlan>({
  items: fc.array(item, { minLength: 1, maxLength: 7 }),
  host: fc.option(pick, { nil: undefined }),
  attributes: fc.array(attribute, { maxLength: 4 }),
  capabilities: fc
    .option(fc.subarray(['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT']), {
      nil: undefined,
      freq: 5,
    })
    .map((list) => (list === null ? undefined : list)),
  region: often<string | undefined>(undefined, fc.constantFrom('east', 'west')),
  zone: fc.constantFrom('z1', 'z2'),
  unavailable: often(false, fc.constant(true), 6),
});

const constraint: fc.Arbitrary<TraceConstraint> = fc.oneof(
  fc.tuple(
    fc.constantFrom('rack', 'os', 'level', 'span', '@hostname', '@region', '@zone'),
    fc.constantFrom('exists', 'not_exists'),
  ),
  fc.tuple(
    fc.constantFrom('rack', 'os', 'level', 'span', '@hostname', '@region', '@zone'),
    fc.constantFrom('text_equals', 'text_not_equals', 'text_matches', 'text_not_matches'),
    fc.constantFrom(
      'k1',
      'k2',
      'linux',
      'k.',
      'a[12]',
      'h1',
      '(k|l).*',
      'west',
      '[ew].+t',
      'z1',
      '',
    ),
  ),
);

const MINIMA = [
  'cpus:1',
  'mem:64',
  'disk:50',
  'cpus:0.8;mem:100.1',
  'ports:3',
  'zones:2',
  'gpus:1;cpus:0',
  'tapes:1',
] as const;

const CAPABILITIES = [
  'MULTI_ROLE',
  'RESERVATION_REFINEMENT',
  'REVOCABLE_RESOURCES',
  'SHARED_RESOURCES',
  'GPU_RESOURCES',
  'REGION_AWARE',
] as const;

const terms = fc.record<TermsPlan>({
  roles: fc.uniqueArray(fc.constantFrom<string[]>(...ROLES), { minLength: 1, maxLength: 3 }),
  capabilities: often<readonly string[]>([...CAPABILITIES], fc.subarray([...CAPABILITIES]), 2),
  suppressed: often<readonly Pick[]>([], fc.array(pick, { maxLength: 2 })),
  minAllocatable: often<TermsPlan['minAllocatable']>(
    [],
    fc.array(fc.tuple(pick, fc.subarray([...MINIMA])), { maxLength: 2 }),
  ),
  constraints: often<TermsPlan['constraints']>(
    [],
    fc.array(
      fc.tuple(
        pick,
        fc.array(fc.array(constraint, { minLength: 1, maxLength: 2 }), {
          minLength: 1,
          maxLength: 2,
        }),
      ),
      { maxLength: 2 },
    ),
  ),
});

const refuse = fc.constantFrom<(number | undefined)[]>(
  undefined,
  0,
  0.5,
  1,
  1.5,
  2,
  5,
  100,
  -1,
  4e7,
);
const operation = fc.constantFrom('reserve', 'unreserve', 'create', 'destroy');
const topRole = fc.constantFrom('r1', 'r2', 'r3');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('add agent' as const),
      agent,
      used: often<Pick | undefined>(undefined, pick, 5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('return agent' as const), which: pick, agent }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('change agent' as const),
      which: pick,
      what: fc.constantFrom('facts', 'total', 'both'),
      agent,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('remove agent', 'activate agent', 'deactivate agent'),
      which: pick,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('add provider' as const),
      which: pick,
      items: fc.array(item, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('add framework' as const),
      terms,
      active: often<boolean>(true, fc.constant(false), 8),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('change framework' as const), which: pick, terms }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('remove framework', 'activate framework', 'deactivate framework'),
      which: pick,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('suppress', 'revive'),
      which: pick,
      roles: fc.array(pick, { maxLength: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('weigh' as const),
      role: fc.constantFrom<string[]>(...ROLES, 'r9'),
      weight: fc.constantFrom(0.1, 0.333, 0.5, 1, 1.5, 2, 3.3, 7, 10),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('set quota' as const),
      role: topRole,
      cpus: fc.constantFrom(0, 0.5, 2, 5.5, 20),
      mem: fc.constantFrom(0, 50, 200.7, 1000),
      disk: fc.constantFrom(0, 0, 40, 75, 200.5),
      gpus: fc.constantFrom(0, 0, 0, 1, 2.5),
      limit: fc.constantFrom(0, 0, 1, 1.5, 3),
      limitsOnly: often(false, fc.constant(true), 2),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('decline' as const),
      which: fc.array(pick, { minLength: 1, maxLength: 4 }),
      refuse,
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      which: pick,
      operations: often<readonly (readonly ['reserve', Pick])[]>(
        [],
        fc.array(fc.tuple(operation, pick), { minLength: 1, maxLength: 3 }) as never,
        1,
      ),
      tasks: fc.array(fc.constantFrom(0.1, 0.25, 0.5, 1), { maxLength: 2 }),
      refuse,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('finish' as const),
      which: pick,
      share: fc.constantFrom(0.3, 1, 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('operate' as const),
      which: pick,
      operation,
      item: pick,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('plan maintenance' as const),
      which: pick,
      ends: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('answer inverse' as const),
      which: pick,
      accept: fc.boolean(),
      // A filter that ends exactly at a batch is a race in the reference.
      refuse: fc.constantFrom<(number | undefined)[]>(undefined, 0, 0.3, 2.7),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('whitelist' as const),
      hosts: fc.oneof(fc.constant(null), fc.array(pick, { maxLength: 4 })),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(1000, 1000, 500, 250, 333, 2000, 5000),
    }),
  },
);

const certain = fc.record<TraceOptions>(
  {
    intervalMs: fc.constantFrom(1000, 1000, 500, 1500),
    minAllocatable: fc.constantFrom(
      ['cpus:0.01', 'mem:32'],
      ['cpus:1;mem:64'],
      ['cpus:0.8'],
      ['disk:50'],
      [],
    ),
    fairnessExclude: fc.constantFrom<string[][]>(['gpus'], ['mem'], ['cpus', 'mem', 'disk']),
    filterGpu: fc.boolean(),
    region: fc.constant('east'),
  },
  { requiredKeys: ['intervalMs', 'region'] },
);

type Chance = { [Key in 'shuffleSeed' | 'roleSorter' | 'frameworkSorter']?: TraceOptions[Key] };

/** For histories in which chance decides. */
const chance = fc.record<Chance>(
  {
    shuffleSeed: fc.constantFrom(1, 2, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER),
    roleSorter: fc.constant('random'),
    frameworkSorter: fc.constant('random'),
  },
  { requiredKeys: [] },
);

const options = fc
  .tuple(certain, often<Chance>({}, chance, 1))
  .map(([own, drawn]): TraceOptions => ({ ...own, ...drawn }));

/** Has no effect once something has happened. */
const recovery: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('recover quotas' as const),
  agents: fc.nat({ max: 9 }),
  roles: fc.subarray(['r1', 'r2', 'r3']),
});

/** A role or two with so many frameworks that the core does not look at each of them. */
const crowd: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.constant('add framework' as const),
    terms,
    active: fc.constant(true),
  }),
  { minLength: 30, maxLength: 50, size: 'max' },
);

export const history = (maxSteps: number): fc.Arbitrary<History> =>
  fc.record({
    options,
    steps: fc
      .tuple(
        often<readonly Step[]>([], fc.tuple(recovery), 9),
        often<readonly Step[]>([], crowd, 19),
        fc.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' }),
      )
      .map((parts) => parts.flat()),
  });
