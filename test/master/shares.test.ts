// GET_SHARES: what roles and frameworks hold of the cluster, as the allocator orders them by it.
import { expect, test } from 'vitest';
import { type MasterCall_GetShares, MasterCall_Type } from '../../src/model/generated/messages.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { cluster, resources, START_MS, World } from './harness.ts';

const sharesOf = (world: World, get_shares: MasterCall_GetShares = {}, value = 'sees') =>
  world.ask({ type: MasterCall_Type.GET_SHARES, get_shares }, { value })?.get_shares;

/** Two frameworks: one with a task, and half of the cluster's cpus on offer. */
function running(roles = ['eng/web']) {
  const made = cluster({}, { roles });
  const { world, framework } = made;
  framework.launch(framework.offer(), { task_id: { value: 't' }, resources: resources('cpus:1') });
  world.operate({
    type: MasterCall_Type.UPDATE_WEIGHTS,
    update_weights: { weight_infos: [{ role: 'eng', weight: 2 }] },
  });
  return made;
}

test('shares are told of roles with their weights, and of frameworks with what they have', () => {
  const { world, framework } = running();
  framework.call('SUPPRESS');
  world.framework({ roles: ['other'] }, { suppressed_roles: ['other'] });
  const shares = sharesOf(world);
  expect(shares?.roles).toEqual([
    { role: 'eng', weight: 2, share: 0.25, resource: 'cpus', weighted_share: 0.125 },
    { role: 'eng/web', weight: 1, share: 0.25, resource: 'cpus', weighted_share: 0.25 },
    { role: 'other', weight: 1, share: 0, weighted_share: 0 },
  ]);
  expect(shares?.frameworks).toMatchObject([
    {
      ...{ framework_id: { value: framework.id }, role: 'eng/web', share: 0.25, resource: 'cpus' },
      ...{ suppressed: true, allocated: { cpus: { value: 1 } }, refusals: 0 },
    },
    { role: 'other', share: 0, suppressed: true, refusals: 0 },
  ]);
  expect(shares).toMatchObject({ more: 0 });
});

test('of ten thousands of roles as many are told as may be, and that there are more', () => {
  const { world } = cluster();
  for (const team of ['a', 'b']) {
    world.framework({ roles: Array.from({ length: 4_000 }, (_, role) => `${team}/${role}`) });
  }
  const shares = sharesOf(world);
  expect([shares?.roles?.length, shares?.more_roles]).toEqual([5_000, true]);
  expect([shares?.frameworks?.length, shares?.more]).toEqual([5_000, 3_001]);
  const names = shares?.roles?.map(({ role }) => role) ?? [];
  expect(names).toEqual(names.toSorted());
  const ofOne = sharesOf(world, { role: 'b' });
  expect([ofOne?.roles?.length, ofOne?.more_roles, ofOne?.more]).toEqual([4_001, undefined, 0]);
});

test('what is on offer is told apart from what is allocated', () => {
  const { world } = running();
  world.allocate();
  const [share] = sharesOf(world)?.frameworks ?? [];
  expect(share).toMatchObject({
    ...{ share: 1, allocated: { cpus: { value: 1 } }, offered: { cpus: { value: 3 } } },
  });
  expect(share?.allocated).not.toHaveProperty('mem');
});

test('refusals are told with their ends, and what is suppressed', () => {
  const { world, framework } = running();
  world.allocate();
  const offer_ids = framework
    .offers()
    .slice(-1)
    .map(({ id }) => id);
  framework.call('DECLINE', { decline: { offer_ids, filters: { refuse_seconds: 300 } } });
  framework.call('SUPPRESS');
  const [share] = sharesOf(world)?.frameworks ?? [];
  expect(share).toMatchObject({ suppressed: true, refusals: 1 });
  const { earliest_end, latest_end } = share ?? {};
  expect(latest_end).toEqual(earliest_end);
  const inMs = Number((latest_end?.nanoseconds ?? 0n) / 1_000_000n) - START_MS;
  expect(inMs).toBeGreaterThanOrEqual(300_000);
  expect(inMs).toBeLessThan(310_000);
});

test('one framework, or one role with those below it, can be asked for', () => {
  const { world, framework } = running();
  world.framework({ roles: ['engine', 'eng'] });
  const named = (call: MasterCall_GetShares) => {
    const { roles = [], frameworks = [] } = sharesOf(world, call) ?? {};
    return [roles.map(({ role }) => role), frameworks.map(({ role }) => role)];
  };
  expect(named({ role: 'eng' })).toEqual([
    ['eng', 'eng/web'],
    ['eng', 'eng/web'],
  ]);
  expect(named({ framework_id: { value: framework.id } })).toEqual([['eng/web'], ['eng/web']]);
  expect(named({ framework_id: { value: 'nobody' } })).toEqual([[], []]);
});

test('roles and frameworks that the asker may not see are not told', () => {
  const blind = (action: string) => {
    const { world, framework } = cluster({
      authorizer: {
        ...permissive,
        authorize: (principal, what, object) =>
          principal?.value !== 'blind' || what !== action || object === undefined,
      },
    });
    framework.launch(framework.offer(), 't');
    const { roles = [], frameworks = [] } = sharesOf(world, {}, 'blind') ?? {};
    return [roles.length, frameworks.length];
  };
  expect(blind('VIEW_ROLE')).toEqual([0, 0]);
  expect(blind('VIEW_FRAMEWORK')).toEqual([1, 0]);
});

/** Questions that come in one turn of the event loop, by who asks; then what `meanwhile` does. */
function askedAtOnce(askers: readonly string[], meanwhile: (ask: Asked) => void = () => {}) {
  const order: string[] = [];
  const refused: string[] = [];
  let isFirst = true;
  const world: World = new World(
    {},
    {
      onEvent: (event, take) => {
        if (event.type === 'timer' && event.timer === 'shares' && isFirst) {
          isFirst = false;
          const ids = askers.map((value) => put(value));
          meanwhile({ world, ids });
        }
        const effects = take(event);
        for (const effect of effects) {
          if (effect.type === 'respond') {
            order.push(names.get(effect.request) ?? '');
          } else if (effect.type === 'reply' && effect.status === 503) {
            refused.push(names.get(effect.request) ?? '');
          }
        }
        return effects;
      },
    },
  );
  const names = new Map<string, string>();
  const put = (value: string) => {
    const request = world.nextRequest();
    names.set(request, value);
    const call = { type: MasterCall_Type.GET_SHARES };
    world.dispatch({ type: 'operatorCall', request, principal: { value }, call });
    return request;
  };
  put('first');
  return { order, refused, world };
}

interface Asked {
  readonly world: World;
  readonly ids: readonly ReturnType<World['nextRequest']>[];
}

test('who asks for shares takes turns with others, one answer in a turn of the event loop', () => {
  const { order, refused, world } = askedAtOnce(['a', 'a', 'a', 'b', 'b', 'c']);
  expect(order).toEqual(['first', 'a', 'b', 'c', 'a', 'b', 'a']);
  expect(refused).toEqual([]);
  expect(world.master.shares).toMatchObject({ waiting: [], isBusy: false });
  expect(world.master.shares.turns.size).toBe(1);
});

test('of one asker sixteen questions for shares wait, and whoever has gone holds no place', () => {
  const many = new Array<string>(17).fill('a');
  const { order, refused } = askedAtOnce([...many, 'b'], ({ world, ids }) => {
    for (const request of ids.slice(0, 2)) {
      world.dispatch({ type: 'askerGone', request });
    }
  });
  expect(refused).toEqual(['a', 'a', 'a']);
  expect(order).toEqual(['first', 'a', 'b', ...many.slice(0, 13)]);
});
