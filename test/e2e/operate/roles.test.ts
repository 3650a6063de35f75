// `mesoscale role`, `quota` and `weight`: who shares the cluster, and by what rules.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, until } from '../../support/cluster.ts';
import { OperatedCluster } from '../../support/operators.ts';

const NONE = { type: 'NONE' };
const bob = { values: ['bob'] };

const cluster = new OperatedCluster();
beforeAll(async () => {
  await cluster.startWith({
    update_quotas: [{ principals: bob, roles: NONE }],
    update_weights: [{ principals: bob, roles: NONE }],
  });
  const task = {
    ...{ name: 'front', task_id: { value: 'front' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  };
  const program = cluster.execute('front', 'task', task, '--role=eng/web');
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
});
afterAll(() => cluster.stop());

test('weights are set together or not at all, and who may not is told so', async () => {
  const set = await cluster.as('ada', 'weight', 'set', 'eng=2', 'eng/web=0.5');
  expect(set).toMatchObject({
    status: 0,
    output: 'role eng has weight 2 (was 1)\nrole eng/web has weight 0.5 (was 1)\n',
  });
  const list = await cluster.as('bob', 'weight', 'list', '--sort-by=-weight', '--no-headers');
  expect(list.output).toBe('eng        2\neng/web  0.5\n');
  const denied = await cluster.as('bob', 'weight', 'set', 'eng=1');
  expect(denied.status).toBe(4);
  const wrong = await cluster.as('ada', 'weight', 'set', 'eng=0', 'web', 'a//b=1');
  expect(wrong.status).toBe(2);
  expect(wrong.errors.split('\n')).toEqual([
    expect.stringContaining(
      "expected ROLE=WEIGHT with a number above 0, such as eng=2, got 'eng=0'",
    ),
    expect.stringContaining("got 'web'"),
    expect.stringContaining("Role 'a//b' cannot contain two adjacent slashes"),
    '',
  ]);
});

test('a quota is set, changed in part, and told with what is taken of it', async () => {
  const set = await cluster.as('ada', 'quota', 'set', 'eng', 'cpus:3; mem:1024');
  expect(set.output).toBe(
    'role eng: guarantees none as before, limits cpus:3;mem:1024 (was none)\n',
  );
  const guaranteed = await cluster.as('ada', 'quota', 'set', 'eng', '--guarantees=cpus:1');
  expect(guaranteed.output).toBe(
    'role eng: guarantees cpus:1 (was none), limits cpus:3;mem:1024 as before\n',
  );
  const list = await cluster.as('bob', 'quota', 'list', '--no-headers');
  expect(list.output).toBe('eng  cpus:1  cpus:3;mem:1024  cpus:0.1;mem:32\n');
});

test('a role that nobody is in may have a quota, which is told of', async () => {
  const known = await cluster.as('ada', 'quota', 'set', 'eng', 'cpus:3;mem:1024', '--dry-run');
  expect(known.errors).not.toContain('not in use');
  const misspelt = await cluster.as('ada', 'quota', 'set', 'emg', 'cpus:1', '--dry-run');
  expect(misspelt.status).toBe(0);
  expect(misspelt.errors).toContain("role 'emg' is not in use now (did you mean eng?)");
});

test('what is no quota is refused with the reason', async () => {
  const wrong = await cluster.as(
    'ada',
    'quota',
    'set',
    'eng',
    'cpus:much;4',
    '--guarantees=x:[1-2]',
  );
  expect(wrong.status).toBe(2);
  expect(wrong.errors).toContain(
    "--guarantees expects amounts such as cpus:4;mem:1024, got 'x:[1-2]': x is no number",
  );
  const nothing = await cluster.as('ada', 'quota', 'set', 'eng');
  expect(nothing).toMatchObject({ status: 2, output: '' });
  const impossible = await cluster.as('ada', 'quota', 'set', 'eng', '--guarantees=cpus:5', 'none');
  expect(impossible.status).toBe(1);
  expect(impossible.errors).toContain('(--force sets it anyway)');
  const nested = await cluster.as('ada', 'quota', 'set', 'eng/web', 'cpus:1');
  expect(nested.errors).toContain('nested role');
  const denied = await cluster.as('bob', 'quota', 'set', 'eng', 'cpus:2');
  expect(denied.status).toBe(4);
  const list = await cluster.as('bob', 'quota', 'list', '-o', 'json');
  expect(JSON.parse(list.output)).toEqual([
    {
      role: 'eng',
      guarantees: { cpus: { value: 1 } },
      limits: { cpus: { value: 3 }, mem: { value: 1024 } },
    },
  ]);
});

test('roles are shown below those that they belong to', async () => {
  const { output } = await cluster.as('bob', 'role', 'tree', 'eng');
  const [titles, ...lines] = output.trimEnd().split('\n');
  expect(titles).toMatch(
    /^ROLE +WEIGHT +SHARE +FRAMEWORKS +CPUS +MEM +GUARANTEES +LIMITS +RESERVED$/,
  );
  expect(lines).toEqual([
    expect.stringMatching(/^eng +2 +2.5% +0 +0.1 +32.0 MB +cpus:1 +cpus:3;mem:1024$/),
    expect.stringMatching(/^ {2}web +0.5 +2.5% +1 +0.1 +32.0 MB$/),
  ]);
  const list = await cluster.as('bob', 'role', 'list', '-f', 'frameworks>0', '-o', 'name');
  expect(list.output).toBe('eng/web\n');
  expect(await cluster.as('bob', 'role', 'tree', 'none')).toMatchObject({ status: 3, output: '' });
});

test('a quota is removed after a question; what somebody changes meanwhile stays', async () => {
  expect(await cluster.as('bob', 'quota', 'remove', 'eng', '--yes')).toMatchObject({ status: 4 });
  const removing = await cluster.asks('ada', ['quota', 'remove', 'eng'], 'y', async () => {
    await cluster.as('ada', 'quota', 'set', 'eng', 'cpus:2');
  });
  expect(removing.output).toContain('Role eng: guarantees none (was cpus:1), limits none (was');
  expect(removing.output).toContain(
    'the quota of role eng was changed meanwhile (guarantees cpus:1, limits cpus:2): nothing was done',
  );
  expect(removing.status).toBe(1);
  expect(await cluster.as('ada', 'quota', 'remove', 'eng', '--yes')).toMatchObject({ status: 0 });
  const again = await cluster.as('ada', 'quota', 'remove', 'eng', '--yes');
  expect(again.status).toBe(3);
  expect(again.errors).toContain("role 'eng' has no quota");
  const list = await cluster.as('ada', 'quota', 'list');
  expect(list).toMatchObject({ output: '', errors: 'no role has a quota\n' });
  await cluster.as('ada', 'quota', 'set', 'ops', 'cpus:1');
  const roles = await cluster.as('ada', 'role', 'list', '-o', 'name');
  expect(roles.output).toBe('eng\neng/web\nops\n');
  await cluster.as('ada', 'quota', 'remove', 'ops', '--yes');
  const left = await cluster.as('ada', 'role', 'list', '-o', 'name');
  expect(left.output).toBe('eng\neng/web\n');
});

test('a weight is removed, and is listed no more', async () => {
  const removed = await cluster.as('ada', 'weight', 'remove', 'eng/web');
  expect(removed.output).toBe('role eng/web has weight 1 (was 0.5)\n');
  const list = await cluster.as('bob', 'weight', 'list', '-o', 'name');
  expect(list.output).toBe('eng\n');
  const again = await cluster.as('ada', 'weight', 'remove', 'eng', 'eng/web');
  expect(again.status).toBe(3);
  expect(again.errors).toContain(
    "role 'eng/web' was given no weight: mesoscale weight list shows them",
  );
});
