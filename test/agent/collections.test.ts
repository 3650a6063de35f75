// Every collection in an agent's state, with its bound. A new collection needs an entry here.
import { expect, test } from 'vitest';
import { collectionsOf } from '../support/collections.ts';
import { commandTask, World } from './harness.ts';

/** The bound is the master's: see MAX_AGENT_BYTES there. */
const RUNNING = 'what a master launches here: 32 MiB';
const HISTORY = 'its number by a flag, and MAX_HISTORY_BYTES';

const ofState: Record<string, string> = {
  checkpointedResources: 'what this machine has',
  completedFrameworks: HISTORY,
  containers: RUNNING,
  exits: 'maxExits',
  frameworks: RUNNING,
  operations: 'those that a master sends, until it acknowledges them',
  'outbox.changes': 'of one step',
  'outbox.held': 'maxHeld and maxHeldBytes',
  'outbox.idleChanges': 'maxIdleChanges',
  'outbox.ready': 'of one step',
  'registrations.entries': 'executors that register',
  retries: 'one for each interval',
  streams: 'one for each executor',
  'updateTurns.entries': 'one for each send, for ten seconds',
  updates: 'known tasks and maxUnknownTasks; UpdateRoom bounds all that waits in them',
};

const ofFramework: Record<string, string> = {
  completed: HISTORY,
  executors: RUNNING,
  tasks: RUNNING,
};

const ofExecutor: Record<string, string> = {
  completed: HISTORY,
  launched: RUNNING,
  missed: 'maxMissed',
  queued: RUNNING,
  queuedGroups: RUNNING,
  terminated: RUNNING,
  unbooked: RUNNING,
};

test('every collection of the state has a bound', () => {
  const world = new World();
  world.register();
  world.runTask(commandTask('t1'));
  const { agent } = world;
  const others = ['options', 'core', 'info', 'counters', 'capabilities'];
  expect(collectionsOf(agent, others)).toEqual(Object.keys(ofState).sort());
  const [framework] = agent.frameworks.values();
  expect(collectionsOf(framework ?? {}, ['info'])).toEqual(Object.keys(ofFramework).sort());
  const [executor] = framework?.executors.values() ?? [];
  expect(collectionsOf(executor ?? {}, ['info', 'framework'])).toEqual(
    Object.keys(ofExecutor).sort(),
  );
});
