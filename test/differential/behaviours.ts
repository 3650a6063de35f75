// The assertions of Apache Mesos's own allocator tests, as short histories: events, and the offers
// that each brings. Comments have the arithmetic.
import type { TraceEvent, TraceOptions } from './trace.ts';

export interface Behaviour {
  readonly name: string;
  readonly options?: Partial<TraceOptions>;
  /**
   * Each event with its offers, as `framework role agent resources`; inverse offers have framework
   * and agent only.
   */
  readonly steps: readonly (readonly [event: TraceEvent, ...offers: string[]])[];
}

type Extra<Name extends TraceEvent['ev']> = Partial<Extract<TraceEvent, { ev: Name }>>;

const ALL = [
  'MULTI_ROLE',
  'RESERVATION_REFINEMENT',
  'REVOCABLE_RESOURCES',
  'SHARED_RESOURCES',
  'GPU_RESOURCES',
  'REGION_AWARE',
];

const agent = (id: string, res: string, extra: Extra<'addAgent'> = {}): TraceEvent => ({
  ev: 'addAgent',
  id,
  res,
  ...extra,
});
const framework = (id: string, roles: string[], extra: Extra<'addFramework'> = {}): TraceEvent => ({
  ev: 'addFramework',
  id,
  roles,
  ...extra,
});
const quota = (role: string, guarantees: string, limits = ''): TraceEvent => ({
  ev: 'updateQuota',
  role,
  guarantees,
  limits,
});
const weights = (values: Record<string, number>): TraceEvent => ({
  ev: 'updateWeights',
  weights: values,
});
const advance = (ms = 1000): TraceEvent => ({ ev: 'advance', ms });
const decline = (offers: number[], refuse?: number): TraceEvent => ({
  ev: 'decline',
  offers,
  ...(refuse === undefined ? {} : { refuse }),
});
const accept = (offer: number, extra: Extra<'accept'> = {}): TraceEvent => ({
  ev: 'accept',
  offer,
  ...extra,
});
const on = <
  Name extends
    | 'removeAgent'
    | 'activateAgent'
    | 'deactivateAgent'
    | 'removeFramework'
    | 'activateFramework'
    | 'deactivateFramework',
>(
  ev: Name,
  id: string,
): TraceEvent => ({ ev, id });

export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'unreserved resources go to the role with the smallest share',
    steps: [
      [agent('a1', 'cpus:2;mem:1024')],
      [framework('f1', ['role1']), 'f1 role1 a1 cpus:2;mem:1024'],
      // role1 has all there is.
      [framework('f2', ['role2'])],
      [agent('a2', 'cpus:1;mem:512'), 'f2 role2 a2 cpus:1;mem:512'],
      // role1 2/6 and 1024/3072, role2 1/6 and 512/3072.
      [agent('a3', 'cpus:3;mem:1536'), 'f2 role2 a3 cpus:3;mem:1536'],
      // role1 2/10, role2 4/10.
      [framework('f3', ['role1'])],
      [agent('a4', 'cpus:4;mem:2048'), 'f3 role1 a4 cpus:4;mem:2048'],
      // role1 0.6, role2 0.4 of what there was; role2 is next.
      [agent('a5', 'cpus:1;mem:512'), 'f2 role2 a5 cpus:1;mem:512'],
    ],
  },
  {
    name: 'reservations count in shares',
    steps: [
      [agent('a1', 'cpus:1;mem:1024;cpus(S,role1):100;mem(S,role1):1024')],
      // role1 gets its reservations and everything else.
      [
        framework('f1', ['role1']),
        'f1 role1 a1 cpus:1;cpus(S,role1):100;mem:1024;mem(S,role1):1024',
      ],
      [framework('f2', ['role2'])],
      [agent('a2', 'cpus:2;mem:512'), 'f2 role2 a2 cpus:2;mem:512'],
      [agent('a3', 'cpus:2;mem:512'), 'f2 role2 a3 cpus:2;mem:512'],
      // Reservations go to their role, whatever its share.
      [
        agent('a4', 'cpus(S,role1):2;mem(S,role1):1024'),
        'f1 role1 a4 cpus(S,role1):2;mem(S,role1):1024',
      ],
    ],
  },
  {
    name: 'excluded names do not count in shares',
    options: { fairnessExclude: ['gpus'] },
    steps: [
      [agent('a1', 'cpus:2;gpus:1')],
      [framework('f1', ['role1'], { caps: ALL }), 'f1 role1 a1 cpus:2;gpus:1'],
      [framework('f2', ['role2'], { caps: ALL })],
      [agent('a2', 'cpus:4'), 'f2 role2 a2 cpus:4'],
      // cpus alone: role1 2/10, role2 4/10; with gpus role1 would have all of them.
      [agent('a3', 'cpus:4'), 'f1 role1 a3 cpus:4'],
    ],
  },
  {
    name: 'of equal shares the one that was given less often goes first, then the lesser path',
    steps: [
      [framework('f2', ['role1'])],
      [framework('f10', ['role1'])],
      [agent('a1', 'cpus:1'), 'f10 role1 a1 cpus:1'],
      [agent('a2', 'cpus:1'), 'f2 role1 a2 cpus:1'],
      [decline([1, 2])],
      [advance(), 'f10 role1 a1 cpus:1', 'f2 role1 a2 cpus:1'],
    ],
  },
  {
    name: 'weights divide shares',
    steps: [
      [framework('f1', ['role1'])],
      [framework('f2', ['role2'])],
      [weights({ role2: 2 })],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [agent('a2', 'cpus:2'), 'f2 role2 a2 cpus:2'],
      // role1 2/6, role2 2/6/2.
      [agent('a3', 'cpus:2'), 'f2 role2 a3 cpus:2'],
      // role1 2/8, role2 4/8/2: equal; role1 was given to once, role2 twice.
      [agent('a4', 'cpus:2'), 'f1 role1 a4 cpus:2'],
    ],
  },
  {
    name: 'a role competes with its subroles as one more child',
    steps: [
      [framework('f1', ['a'])],
      [framework('f2', ['a/b'])],
      [framework('f3', ['c'])],
      [agent('a1', 'cpus:1'), 'f1 a a1 cpus:1'],
      [agent('a2', 'cpus:1'), 'f3 c a2 cpus:1'],
      // a and c have the same; within a, a/b has nothing yet.
      [agent('a3', 'cpus:1'), 'f2 a/b a3 cpus:1'],
      [agent('a4', 'cpus:1'), 'f3 c a4 cpus:1'],
    ],
  },
  {
    name: 'reservations of an ancestor are offered to its subroles',
    steps: [
      [agent('a1', 'cpus(S,a):1;cpus(S,a/b):1;cpus(S,c):1')],
      [framework('f1', ['a/b']), 'f1 a/b a1 cpus(S,a):1;cpus(S,a/b):1'],
      [framework('f2', ['c']), 'f2 c a1 cpus(S,c):1'],
    ],
  },
  {
    name: 'refused resources are not offered again until the filter ends',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2;mem:1024'), 'f1 role1 a1 cpus:2;mem:1024'],
      [decline([1], 5)],
      [advance(4000)],
      // The batch of that instant goes first only for a filter made after the batch before.
      [advance(), 'f1 role1 a1 cpus:2;mem:1024'],
    ],
  },
  {
    name: 'a filter lasts for a batch at least',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [decline([1], 0.001)],
      [advance()],
      [advance(), 'f1 role1 a1 cpus:2'],
    ],
  },
  {
    name: 'a filter hides what it contains, not more',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:4;mem:64'), 'f1 role1 a1 cpus:4;mem:64'],
      [accept(1, { launch: ['cpus:3;mem:32'], refuse: 1000 })],
      [advance()],
      [{ ev: 'recover', f: 'f1', a: 'a1', role: 'role1', res: 'cpus:3;mem:32' }],
      [advance(), 'f1 role1 a1 cpus:4;mem:64'],
    ],
  },
  {
    name: 'a filter is per role, and goes with the attributes of the agent',
    steps: [
      [framework('f1', ['role1', 'role2'])],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [decline([1], 1000)],
      [advance(), 'f1 role2 a1 cpus:2'],
      [decline([2], 1000)],
      [advance()],
      [{ ev: 'updateAgent', id: 'a1', attrs: [['rack', 'text', 'r1']] }, 'f1 role1 a1 cpus:2'],
    ],
  },
  {
    name: 'suppress stops offers, revive brings them back and clears filters',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [decline([1], 1000)],
      [{ ev: 'suppress', id: 'f1', roles: [] }],
      [advance()],
      [{ ev: 'revive', id: 'f1', roles: [] }, 'f1 role1 a1 cpus:2'],
    ],
  },
  {
    name: 'roles are suppressed one by one',
    steps: [
      [framework('f1', ['role1', 'role2'], { suppressed: ['role1'] })],
      [agent('a1', 'cpus:2'), 'f1 role2 a1 cpus:2'],
      [{ ev: 'suppress', id: 'f1', roles: ['role2'] }],
      [{ ev: 'revive', id: 'f1', roles: ['role1'] }],
      [agent('a2', 'cpus:1'), 'f1 role1 a2 cpus:1'],
    ],
  },
  {
    name: 'a deactivated framework keeps what it holds, and is offered nothing',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [accept(1, { launch: ['cpus:1'] })],
      [on('deactivateFramework', 'f1')],
      [advance()],
      [on('activateFramework', 'f1'), 'f1 role1 a1 cpus:1'],
    ],
  },
  {
    name: 'a removed framework gives everything back',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [accept(1, { launch: ['cpus:2'] })],
      [on('removeFramework', 'f1')],
      [framework('f2', ['role2']), 'f2 role2 a1 cpus:2'],
    ],
  },
  {
    name: 'deactivated agents are not offered, but count',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [on('deactivateAgent', 'a1')],
      [advance()],
      [on('activateAgent', 'a1')],
      [advance(), 'f1 role1 a1 cpus:2'],
    ],
  },
  {
    name: 'only whitelisted hosts are offered',
    steps: [
      [{ ev: 'updateWhitelist', hosts: ['h1'] }],
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2', { host: 'h1' }), 'f1 role1 a1 cpus:2'],
      [agent('a2', 'cpus:2', { host: 'h2' })],
      [{ ev: 'updateWhitelist', hosts: null }],
      [advance(), 'f1 role1 a2 cpus:2'],
    ],
  },
  {
    name: 'too small an offer is not made, by the rule of the cluster or of the framework',
    options: { minAllocatable: ['cpus:1', 'mem:128'] },
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:0.5;mem:64')],
      [agent('a2', 'cpus:0.5;mem:128'), 'f1 role1 a2 cpus:0.5;mem:128'],
      [
        framework('f2', ['role2'], { minAllocatable: { role2: ['cpus:0.5'] } }),
        'f2 role2 a1 cpus:0.5;mem:64',
      ],
      [agent('a3', 'disk:5')],
      [framework('f3', ['role3'], { minAllocatable: { role3: [] } }), 'f3 role3 a3 disk:5'],
    ],
  },
  {
    name: 'what a framework cannot take is left for others',
    steps: [
      [framework('f1', ['role1'], { caps: ['MULTI_ROLE'] })],
      [
        agent(
          'a1',
          'cpus:1;cpus{REV}:2;cpus(S,role1):1;cpus(S,role1)(D,role1/x,p1):1;disk(S,role1)[vol=v1]{SHARED}:5',
        ),
        'f1 role1 a1 cpus:1;cpus(S,role1):1',
      ],
      [
        framework('f2', ['role1/x'], { caps: ALL }),
        'f2 role1/x a1 cpus{REV}:2;cpus(S,role1)(D,role1/x,p1):1;disk(S,role1)[vol=v1]{SHARED}:5',
      ],
    ],
  },
  {
    name: 'the first of many frameworks that an agent is open to gets it',
    steps: [
      ...['f1', 'f2', 'f3'].map((id) => [framework(id, ['role1'])] as const),
      ...['f4', 'f5', 'f6', 'f7', 'f8'].map(
        (id) => [framework(id, ['role1'], { caps: ALL })] as const,
      ),
      [agent('a1', 'cpus:1;gpus:1'), 'f4 role1 a1 cpus:1;gpus:1'],
      [agent('a2', 'cpus:1;gpus:1'), 'f5 role1 a2 cpus:1;gpus:1'],
    ],
  },
  {
    name: 'agents with GPUs are for frameworks that know them',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:1;gpus:1')],
      [framework('f2', ['role2'], { caps: ALL }), 'f2 role2 a1 cpus:1;gpus:1'],
    ],
  },
  {
    name: 'agents in another region are for frameworks that are aware of regions',
    options: { region: 'east', zone: 'z1' },
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:1', { region: 'west', zone: 'z9' })],
      [agent('a2', 'cpus:1', { region: 'east', zone: 'z2' }), 'f1 role1 a2 cpus:1'],
      [framework('f2', ['role2'], { caps: ALL }), 'f2 role2 a1 cpus:1'],
    ],
  },
  {
    name: 'agents that know no roles with slashes are not offered to them',
    steps: [
      [framework('f1', ['a/b'])],
      [agent('a1', 'cpus:1', { caps: ['MULTI_ROLE'] })],
      [framework('f2', ['a']), 'f2 a a1 cpus:1'],
    ],
  },
  {
    name: 'constraints keep agents away',
    steps: [
      [
        framework('f1', ['role1'], {
          constraints: { role1: [[['rack', 'text_matches', 'r[12]']]] },
        }),
      ],
      [agent('a1', 'cpus:1')],
      [agent('a2', 'cpus:1', { attrs: [['rack', 'text', 'r3']] })],
      [agent('a3', 'cpus:1', { attrs: [['rack', 'text', 'r1']] }), 'f1 role1 a3 cpus:1'],
      // No text at all passes every test of a text.
      [agent('a4', 'cpus:1', { attrs: [['rack', 'scalar', 3]] }), 'f1 role1 a4 cpus:1'],
    ],
  },
  {
    name: 'a guarantee is served first, and beyond it only what others leave',
    steps: [
      [quota('role1', 'cpus:2;mem:512')],
      [framework('f1', ['role1'])],
      [framework('f2', ['role2'])],
      [agent('a1', 'cpus:2;mem:512'), 'f1 role1 a1 cpus:2;mem:512'],
      // The guarantee is met; both shares count now.
      [agent('a2', 'cpus:1;mem:512'), 'f2 role2 a2 cpus:1;mem:512'],
    ],
  },
  {
    name: 'headroom is kept for a guarantee whose role has no framework',
    steps: [
      [quota('role1', 'cpus:2')],
      [framework('f2', ['role2'])],
      [agent('a1', 'cpus:2;mem:512'), 'f2 role2 a1 mem:512'],
      [agent('a2', 'cpus:3;mem:512'), 'f2 role2 a2 cpus:3;mem:512'],
      [framework('f1', ['role1']), 'f1 role1 a1 cpus:2'],
    ],
  },
  {
    name: 'resources are chopped to fit a limit',
    steps: [
      [quota('role1', '', 'cpus:1;mem:200')],
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:4;mem:500;disk:10'), 'f1 role1 a1 cpus:1;disk:10;mem:200'],
      [framework('f2', ['role2']), 'f2 role2 a1 cpus:3;mem:300'],
    ],
  },
  {
    name: 'reservations count against a limit, and are offered beyond it',
    steps: [
      [quota('role1', '', 'cpus:2')],
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:4;cpus(S,role1):3'), 'f1 role1 a1 cpus(S,role1):3'],
    ],
  },
  {
    name: 'revocable resources are outside of quotas',
    steps: [
      [quota('role1', '', 'cpus:1')],
      [framework('f1', ['role1'], { caps: ALL })],
      [agent('a1', 'cpus:2;cpus{REV}:5'), 'f1 role1 a1 cpus:1;cpus{REV}:5'],
    ],
  },
  {
    name: 'a disk that cannot be divided is within a limit, or not offered',
    steps: [
      [quota('role1', '', 'disk:15')],
      [framework('f1', ['role1'])],
      [
        agent('a1', 'cpus:1;disk[mount=/m1]:20;disk[mount=/m2]:10'),
        'f1 role1 a1 cpus:1;disk[mount=/m2]:10',
      ],
    ],
  },
  {
    name: 'a shared volume is offered to everyone of its role at once',
    steps: [
      [framework('f1', ['role1'], { caps: ALL })],
      [framework('f2', ['role1'], { caps: ALL })],
      [
        agent('a1', 'cpus:1;disk(S,role1)[vol=v1]{SHARED}:5'),
        'f1 role1 a1 cpus:1;disk(S,role1)[vol=v1]{SHARED}:5',
        'f2 role1 a1 disk(S,role1)[vol=v1]{SHARED}:5',
      ],
    ],
  },
  {
    name: 'operations change what the agent has',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2;disk:100'), 'f1 role1 a1 cpus:2;disk:100'],
      [
        accept(1, {
          ops: [
            { op: 'RESERVE', res: 'disk(D,role1,p1):50' },
            { op: 'CREATE', res: 'disk(D,role1,p1)[vol=v1]:20' },
          ],
        }),
      ],
      [advance(), 'f1 role1 a1 cpus:2;disk:50;disk(D,role1,p1):30;disk(D,role1,p1)[vol=v1]:20'],
      [accept(2, { ops: [{ op: 'DESTROY', res: 'disk(D,role1,p1)[vol=v1]:20' }] })],
      [advance(), 'f1 role1 a1 cpus:2;disk:50;disk(D,role1,p1):50'],
    ],
  },
  {
    name: 'frameworks on an agent that goes into maintenance get an inverse offer each',
    steps: [
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:2'), 'f1 role1 a1 cpus:2'],
      [accept(1, { launch: ['cpus:1'], refuse: 1000 })],
      [{ ev: 'updateUnavailability', id: 'a1', startMs: 60_000 }, 'f1 a1'],
      [advance()],
      [{ ev: 'acceptInverse', inverseOffers: [1] }],
      [advance(), 'f1 a1'],
      [{ ev: 'declineInverse', inverseOffers: [2], refuse: 1.5 }],
      [advance()],
      [advance(), 'f1 a1'],
      [{ ev: 'updateUnavailability', id: 'a1' }],
      [advance()],
    ],
  },
  {
    name: 'after an election with quotas, runs wait for most of the agents',
    steps: [
      [
        {
          ev: 'recoverAllocator',
          expectedAgents: 3,
          quotas: { role1: { guarantees: 'cpus:1', limits: '' } },
        },
      ],
      [framework('f1', ['role1'])],
      [agent('a1', 'cpus:1')],
      [advance()],
      // 80 % of 3 are 2 whole agents.
      [agent('a2', 'cpus:1'), 'f1 role1 a2 cpus:1'],
      [advance(), 'f1 role1 a1 cpus:1'],
    ],
  },
];
