// `mesoscale reservation` and `volume`: what of agents is kept for roles, and what is kept on it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OperatedCluster } from '../../support/operators.ts';

const NONE = { type: 'NONE' };
const bob = { values: ['bob'] };

const cluster = new OperatedCluster();
beforeAll(async () => {
  await cluster.startWith(
    {
      reserve_resources: [{ principals: bob, roles: NONE }],
      unreserve_resources: [{ principals: bob, reserver_principals: NONE }],
      create_volumes: [{ principals: bob, roles: NONE }],
      destroy_volumes: [{ principals: bob, creator_principals: NONE }],
      resize_volumes: [{ principals: bob, roles: NONE }],
    },
    ['--hostname=first', '--resources=cpus:4;mem:2048;disk:1024;ports:[31000-31009];cpus(ops):1'],
  );
});
afterAll(() => cluster.stop());

const list = async (noun: string, ...flags: string[]) =>
  (await cluster.as('bob', noun, 'list', '--no-headers', ...flags)).output;

test('resources are reserved, with labels, and out of what is reserved', async () => {
  const add = ['reservation', 'add', 'first', 'eng'];
  const one = await cluster.as(
    ...(['ada', ...add] as const),
    'cpus:2;disk:512;ports:[31000-31003]',
    '--label=team=db',
  );
  expect(one).toMatchObject({ status: 0, errors: '' });
  expect(one.output).toMatch(
    /^cpus:2;disk:512;ports:\[31000-31003\] of agent \S+ \(first\) is reserved for role eng\n$/,
  );
  const refined = ['reservation', 'add', 'first', 'eng/db', 'cpus:1', '--from=eng'];
  expect(await cluster.as('ada', ...refined)).toMatchObject({ status: 0 });
  expect((await list('reservation', '--sort-by=role')).replaceAll(/ +/g, ' ')).toBe(
    [
      'first eng dynamic cpus:1;disk:512;ports:[31000-31003] ada team=db',
      'first eng/db dynamic cpus:1 ada',
      'first ops static cpus:1',
      '',
    ].join('\n'),
  );
  const json = JSON.parse(await list('reservation', '-f', 'role=eng/db', '-o', 'json'));
  expect(json[0].resources[0].reservations).toEqual([
    {
      type: 'DYNAMIC',
      role: 'eng',
      principal: 'ada',
      labels: { labels: [{ key: 'team', value: 'db' }] },
    },
    { type: 'DYNAMIC', role: 'eng/db', principal: 'ada' },
  ]);
});

test.each([
  [
    ['reservation', 'add', 'first', 'eng', 'cpus:100'],
    ...([1, '(first) has cpus:2;mem:2048;disk:512;ports:[31004-31009] that nobody has'] as const),
  ],
  [['reservation', 'add', 'first', 'eng', 'cpu:1'], 3, "no resource 'cpu' (did you mean cpus?)"],
  [['reservation', 'add', 'first', 'eng', 'cpus(eng):1'], 2, 'expected cpus without a role'],
  [['reservation', 'add', 'first', 'eng', 'cpus'], 2, 'RESOURCES: expected a resource such as'],
  [['reservation', 'add', 'first', '*', 'cpus:1'], 2, 'expected a role to reserve for'],
  [['reservation', 'add', 'none', 'eng', 'cpus:1'], 3, "no agent 'none'"],
  [['reservation', 'add', 'first', 'web/a', 'cpus:1', '--from=web'], 3, 'reserved for role web'],
  [['reservation', 'remove', 'first', 'web', '--yes'], 3, "nothing reserved for role 'web'"],
  [['reservation', 'remove', 'first', 'ops', '--yes'], 1, 'is reserved by its flags, and stays'],
  [['reservation', 'remove', 'first', 'eng', 'mem:1', '--yes'], 3, 'no mem reserved for role eng'],
  [['reservation', 'remove', 'first', 'eng'], 2, 'expected --yes'],
  [['volume', 'create', 'first', 'v'], 2, '--role is required'],
  [['volume', 'create', 'first', 'v', '--role=eng', '--size=1GB'], 3, 'no 1.0 GB of disk reserved'],
  [['volume', 'destroy', 'v', '--yes'], 3, "no volume 'v'"],
  [['volume', 'grow', 'v', 'much'], 2, "SIZE expects a size such as 128MB, got 'much'"],
])('%j is refused with its reason', async (words, status, reason) => {
  const refused = await cluster.as('ada', ...words);
  expect(refused.errors).toContain(reason);
  expect(refused).toMatchObject({ status, output: '' });
});

test('a volume is made, grows, shrinks and is destroyed, by who may', async () => {
  const create = ['volume', 'create', 'first', 'db-1', '--role=eng', '--size=128MB', '--path=data'];
  expect(await cluster.as('bob', ...create)).toMatchObject({ status: 4, output: '' });
  expect(await cluster.as('ada', ...create)).toMatchObject({ status: 0 });
  expect(await list('volume')).toMatch(/^db-1 +eng +128\.0 MB +first +data +ada\n$/);
  expect(await list('reservation', '-f', 'role=eng')).toMatch(/cpus:1;disk:384;.* +db-1 +ada/);
  expect(await cluster.as('bob', 'volume', 'grow', 'db-1', '64MB')).toMatchObject({ status: 4 });
  expect(await cluster.as('ada', 'volume', 'grow', 'db-1', '64MB')).toMatchObject({ status: 0 });
  expect(await list('volume')).toContain(' 192.0 MB ');
  const shrink = ['volume', 'shrink', 'db-1', '128MB', '--agent=first', '--yes'];
  expect(await cluster.as('ada', ...shrink)).toMatchObject({ status: 0 });
  expect(await list('volume', '-f', 'size<65')).toContain(' 64.0 MB ');
  const rest = ['reservation', 'remove', 'first', 'eng', '--dry-run'];
  expect((await cluster.as('ada', ...rest)).errors).toContain(
    'offered to anyone. 1 volume of the role there and the disk below stay reserved.',
  );
  const destroy = ['volume', 'destroy', 'db-1'];
  expect(await cluster.as('bob', ...destroy, '--yes')).toMatchObject({ status: 4 });
  const dry = await cluster.as('ada', ...destroy, '--dry-run');
  expect(JSON.parse(dry.output)).toMatchObject({
    type: 'DESTROY_VOLUMES',
    destroy_volumes: { volumes: [{ disk: { persistence: { id: 'db-1' } } }] },
  });
  const destroyed = await cluster.asks('ada', destroy, 'y');
  expect(destroyed.output).toMatch(/what is in it is lost\. The master is [\d.]+:\d+\. Go on\?/);
  expect(destroyed.status).toBe(0);
  expect(await cluster.as('ada', 'volume', 'list')).toMatchObject({
    output: '',
    errors: 'there are no volumes\n',
  });
});

test('reservations are given back in part, and then all', async () => {
  const remove = ['reservation', 'remove', 'first'];
  expect(await cluster.as('bob', ...remove, 'eng', '--yes')).toMatchObject({ status: 4 });
  const part = await cluster.as('ada', ...remove, 'eng', 'ports:[31002-31003]', '--yes');
  expect(part.status).toBe(0);
  expect(await list('reservation', '-f', 'role=eng')).toContain('ports:[31000-31001]');
  const refined = await cluster.as('ada', ...remove, 'eng/db', '--yes');
  expect(refined.status).toBe(0);
  expect(refined.output).toContain('for role eng/db no more, and offered to role eng\n');
  expect(await list('reservation', '-f', 'role=eng')).toContain('cpus:2;');
  expect(await cluster.as('ada', ...remove, 'eng', '--yes')).toMatchObject({ status: 0 });
  expect(await list('reservation', '-f', 'type=dynamic')).toBe('');
});
