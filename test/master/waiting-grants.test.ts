// What the allocator has granted waits for another turn of the event loop where there is much of
// it. An agent that changes meanwhile is not offered as it was.
import { expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { formatResources } from '../../src/model/resource-text.ts';
import { type FakeAgent, resources, World } from './harness.ts';

/** One more than become offers in a turn. */
const AGENTS = 501;

/**
 * A framework is granted all that these agents have. Before the last grant becomes an offer,
 * `meanwhile` happens to its agent. Returns what is on offer of that agent then, and a second
 * later.
 */
function offered(meanwhile: (world: World, agent: FakeAgent) => void): readonly string[][] {
  let waiting: FakeAgent | undefined;
  const agents: FakeAgent[] = [];
  const onOffer = (): string[] =>
    [...world.master.offers.values()]
      .filter(({ agent }) => agent.id === waiting?.id)
      .map((offer) => formatResources(offer.resources));
  const world: World = new World(
    {},
    {
      onEvent: (event, take) => {
        if (event.type === 'timer' && event.timer === 'offers') {
          const [grant] = world.master.grants;
          waiting = agents.find(({ id }) => id === grant?.agent.id);
          if (waiting !== undefined) {
            meanwhile(world, waiting);
          }
        }
        return take(event);
      },
    },
  );
  for (let i = 0; i < AGENTS; i++) {
    const pid = `slave(1)@10.0.${i >> 8}.${i & 255}:5051`;
    agents.push(world.agent({ pid, resources: 'cpus:4;mem:1024' }));
  }
  world.framework();
  const atOnce = onOffer();
  world.allocate();
  return [atOnce, onOffer()];
}

const whole = 'cpus:4; mem:1024';

test('a grant becomes an offer in the next turn', () => {
  expect(offered(() => {})).toEqual([[whole], [whole]]);
});

test('an agent that is taken out of offers meanwhile is not offered, and loses nothing', () => {
  const duty = (world: World, agent: FakeAgent, type: 'DEACTIVATE' | 'REACTIVATE') => {
    const agent_id = { value: agent.id };
    return world.operate({
      type: MasterCall_Type[`${type}_AGENT`],
      [`${type.toLowerCase()}_agent`]: { agent_id },
    });
  };
  expect(offered((world, agent) => duty(world, agent, 'DEACTIVATE'))).toEqual([[], []]);
  const backAgain = offered((world, agent) => {
    duty(world, agent, 'DEACTIVATE');
    duty(world, agent, 'REACTIVATE');
  });
  expect(backAgain[1]).toEqual([whole]);
});

test('an agent that has less by then is offered as it has become', () => {
  const [, later] = offered((_world, agent) => {
    const less = { ...agent.info(), id: { value: agent.id }, resources: resources('cpus:3') };
    agent.reregister({ agent: less });
  });
  expect(later).toEqual(['cpus:3']);
});
