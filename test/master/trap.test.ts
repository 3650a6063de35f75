// The scheduler core traps, at any call of any step of a busy day: the master goes on with the same
// tasks, offers and accounts as one whose core never traps.
import { describe, expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { agentId, frameworkId } from '../../src/model/ids.ts';
import { capabilities, checkConservation, Day, day } from './day.ts';
import { type Failures, INTERVAL_MS, liveFailing, PHASES, quietDay } from './failing-days.ts';

const newDay = () => new Day(undefined, { allocationIntervalMs: INTERVAL_MS });

describe('a trap in any call', () => {
  const expected = quietDay(newDay());

  test.each(PHASES)('of each third step, from step %i on, leaves no trace', (phase) => {
    const begin = (): Failures => {
      const it = newDay();
      let sprung = 0;
      return {
        it,
        arm: (skipped) => it.traps.arm(skipped),
        disarm: () => {
          it.traps.disarm();
          const name = it.traps.sprung[sprung];
          sprung = it.traps.sprung.length;
          // Calls between these that could not trap would end in this same trap.
          return name === undefined ? undefined : { name, nextSkipped: it.traps.passed + 1 };
        },
      };
    };
    liveFailing(phase, expected, begin, (it, failures, where) => {
      expect(it.world.aborted, where).toBeUndefined();
      expect(it.world.master.counters.coreRebuilds, where).toBe(failures);
      const told = it.world.logs.filter((text) => text.includes('trapped in '));
      expect(told, where).toHaveLength(failures);
      expect(told.at(-1)).toContain(`trapped in ${it.traps.sprung.at(-1)}`);
    });
  });
});

/** A day up to the first offers and tasks. */
function begun(): Day {
  const it = new Day();
  for (const step of day.slice(0, 9)) {
    step(it);
    it.world.allocate();
  }
  return it;
}

/** An event without consequences, in which a run traps. */
function trapInRun(it: Day, times = 1): void {
  it.traps.arm(0, { exports: /^runOffers$/, times });
  it.world.allocate();
}

test('offers that stand can be accepted after a trap', () => {
  const it = begun();
  trapInRun(it);
  expect(it.traps.sprung).toEqual(['runOffers']);
  expect(it.framework(0).events('RESCIND')).toEqual([]);
  it.launch(0, 0, 'after', 'cpus:1;mem:32');
  expect(it.agent(0).sent('RunTaskMessage').at(-1)?.task.task_id.value).toBe('after');
  checkConservation(it);
});

test('agents that are out of offers stay so', () => {
  const it = begun();
  const { id } = it.agent(0);
  const deactivate = { type: MasterCall_Type.DEACTIVATE_AGENT } as const;
  it.operate({ ...deactivate, deactivate_agent: { agent_id: { value: id } } });
  const why = () =>
    it.world.master.allocator.attempt((live) =>
      live.explain(frameworkId(it.framework(1).id), 'ops', agentId(id)),
    );
  expect(why()).toEqual({ reason: 'agent inactive' });
  trapInRun(it);
  expect(why()).toEqual({ reason: 'agent inactive' });
});

test('refusals are forgotten', () => {
  const it = begun();
  it.framework(0).call('SUPPRESS', { suppress: {} });
  const offer_ids = it.offers(1).map(({ id }) => id);
  const refuse = { offer_ids, filters: { refuse_seconds: 3600 } };
  it.framework(1).call('DECLINE', { decline: refuse });
  it.world.allocate();
  expect(it.offers(1)).toEqual([]);
  trapInRun(it);
  expect(it.offers(1)).toHaveLength(offer_ids.length);
});

test('inverse offers are taken back and made again', () => {
  const it = begun();
  const machine = { hostname: 'node0', ip: '10.0.0.2' };
  const unavailability = { start: { nanoseconds: 1000n } };
  const schedule = { windows: [{ machine_ids: [machine], unavailability }] };
  it.operate({
    type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
    update_maintenance_schedule: { schedule },
  });
  const heard = () =>
    it
      .framework(0)
      .events()
      .flatMap(({ inverse_offers, rescind_inverse_offer }) => [
        ...(inverse_offers?.inverse_offers ?? []).map(({ id }) => `made ${id.value}`),
        ...(rescind_inverse_offer === undefined
          ? []
          : [`taken back ${rescind_inverse_offer.inverse_offer_id.value}`]),
      ]);
  const [first = ''] = heard();
  expect(heard()).toHaveLength(1);
  trapInRun(it);
  const [, second, third] = heard();
  expect(second).toBe(first.replace('made', 'taken back'));
  expect(third).toMatch(/^made /);
  it.world.allocate();
  expect(heard()).toHaveLength(3);
});

test('runs that are dropped after an election stay so', () => {
  const before = begun();
  const world = before.world.restart();
  expect(world.master.allocator.paused).toBe(true);
  const again = (i: number) => {
    Object.assign(before.agent(i), { world });
    before.agent(i).reregister();
  };
  world.advance(60_000);
  before.traps.arm(0);
  again(0);
  expect(before.traps.sprung).toHaveLength(1);
  expect(world.master.allocator.paused).toBe(true);
  const framework = world.framework({ roles: ['ops'], capabilities });
  world.allocate();
  expect(framework.offers()).toEqual([]);
  // The pause ends when it should, ten minutes after the registry was read.
  world.advance(540_000 - 1_000);
  expect(world.master.allocator.paused).toBe(false);
  world.allocate();
  expect(framework.offers()).toHaveLength(1);
});

test('what is read between two events does without a lost allocator', () => {
  const it = begun();
  it.traps.arm(0, { exports: /^roleFilters$/ });
  const filters = () => it.world.views.metrics(it.world.nowMs);
  expect(filters()['allocator/mesos/offer_filters/roles/dev/active']).toBe(0);
  expect(it.traps.sprung).toEqual(['roleFilters']);
  expect(filters()['allocator/mesos/core_rebuilds']).toBe(0);
  it.world.allocate();
  expect(filters()['allocator/mesos/core_rebuilds']).toBe(1);
  checkConservation(it);
});

describe('a trap that comes back ends the master', () => {
  test('the third within a minute', () => {
    const it = begun();
    trapInRun(it);
    trapInRun(it);
    it.world.advance(60_000);
    trapInRun(it);
    trapInRun(it);
    expect(it.world.aborted).toBeUndefined();
    trapInRun(it);
    expect(it.world.aborted).toMatch(
      /^The master cannot go on without its scheduler core\. .* trapped in runOffers: /,
    );
  });

  test('one in the making of the new allocator', () => {
    const it = begun();
    it.traps.arm(0, { exports: /^(runOffers|addUsed)$/, times: 2 });
    it.world.allocate();
    expect(it.traps.sprung).toEqual(['runOffers', 'addUsed']);
    expect(it.world.aborted).toContain('trapped in addUsed');
  });

  test('one in a sum that is made again; nothing of the event is announced', () => {
    const it = begun();
    it.traps.arm(0, { exports: /^row/, times: 2 });
    const told = it.world.toAgents.length;
    it.launch(0, 0, 'late', 'cpus:1;mem:32');
    expect(it.world.aborted).toContain('trapped in row');
    expect(it.world.toAgents).toHaveLength(told);
  });
});
