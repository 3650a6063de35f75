// A principal that may not view a framework, task or executor finds no trace of it in anything that
// can be read.
import { describe, expect, test } from 'vitest';
import { createViews } from '../../src/agent/views/views.ts';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { type Action, type Authorizer, permissive } from '../../src/security/authorizer.ts';
import {
  World as AgentWorld,
  commandTask,
  executorInfo,
  executorTask,
  frameworkInfo,
  runToEnd,
} from '../agent/harness.ts';
import { cluster, resources, type World } from '../master/harness.ts';
import { agentReadings, having, masterReadings, textOf } from './readings.ts';

const without = (...denied: Action[]): Authorizer => ({
  authorize: (_, action) => !denied.includes(action),
});

/** A framework, an executor and a task, each with a name that occurs nowhere else. */
function busyMaster(authorizer: Authorizer): World {
  const { world, framework } = cluster({ authorizer }, { name: 'the-framework' });
  world.operate({ type: MasterCall_Type.SUBSCRIBE });
  framework.launch(framework.offer(), {
    name: 'the-task',
    task_id: { value: 'the-task' },
    executor: {
      executor_id: { value: 'the-executor' },
      name: 'the-executor',
      framework_id: { value: framework.id },
      command: { value: 'x' },
      resources: resources('cpus:0.1;mem:32'),
    },
  });
  world.allocate();
  framework.subscribe({ hostname: 'elsewhere' });
  world.allocate();
  return world;
}

const masterTexts = (world: World, authorizer: Authorizer) =>
  masterReadings(world.views, authorizer);

describe('a master', () => {
  const world = busyMaster(permissive);

  test('shows all of it to those who may view it', () => {
    const texts = masterTexts(world, permissive);
    const states = ['/state', 'GET_STATE'];
    expect(having(texts, 'the-framework')).toEqual(expect.arrayContaining(states));
    expect(having(texts, 'the-task')).toEqual(expect.arrayContaining([...states, '/tasks']));
    expect(having(texts, 'the-executor')).toEqual(expect.arrayContaining(states));
  });

  test('shows nothing of a framework that is hidden, and nothing that belongs to it', () => {
    const texts = masterTexts(world, without('VIEW_FRAMEWORK'));
    for (const part of ['the-framework', 'the-task', 'the-executor', `${world.options.id}-0000`]) {
      expect([part, having(texts, part)]).toEqual([part, []]);
    }
  });

  test('shows nothing of a task that is hidden', () => {
    expect(having(masterTexts(world, without('VIEW_TASK')), 'the-task')).toEqual([]);
  });

  test('shows nothing of an executor that is hidden, but in the tasks that it runs', () => {
    const texts = masterTexts(world, without('VIEW_EXECUTOR', 'VIEW_TASK'));
    expect(having(texts, 'the-executor')).toEqual([]);
  });

  test('tells nothing of them by events', () => {
    const told = (...denied: Action[]) => textOf(busyMaster(without(...denied)).operatorEvents);
    expect(told('VIEW_FRAMEWORK')).not.toMatch(/the-(framework|task|executor)/);
    expect(told('VIEW_TASK')).not.toContain('the-task');
    expect(told('VIEW_EXECUTOR', 'VIEW_TASK')).not.toContain('the-executor');
    expect(told()).toMatch(/the-framework.*the-task/);
  });
});

describe('an agent', () => {
  const world = new AgentWorld();
  world.register();
  const framework = frameworkInfo({ name: 'the-framework' });
  world.runTask(commandTask('the-task'), framework);
  world.runTask(executorTask('the-task-2', executorInfo('the-executor')), framework);
  runToEnd(world, 'the-task-3');
  const views = createViews(world.agent, (_, message) => message);

  const texts = (authorizer: Authorizer) => agentReadings(views, authorizer);

  test('shows all of it to those who may view it', () => {
    const all = texts(permissive);
    for (const part of ['the-framework', 'the-task', 'the-executor']) {
      expect(having(all, part)).toEqual(expect.arrayContaining(['/state', 'GET_STATE']));
    }
  });

  test.each([
    [['VIEW_FRAMEWORK', 'VIEW_CONTAINER', 'ACCESS_SANDBOX'], /the-(framework|task|executor)/],
    [['VIEW_EXECUTOR', 'VIEW_CONTAINER', 'ACCESS_SANDBOX'], /the-(task|executor)/],
  ] as const)('shows nothing of what is hidden without %s', (denied, part) => {
    for (const [name, text] of texts(without(...denied))) {
      expect(`${name} ${text}`).not.toMatch(part);
    }
  });

  test('shows no task that is hidden', () => {
    const hidden = texts(without('VIEW_TASK', 'VIEW_EXECUTOR', 'VIEW_CONTAINER', 'ACCESS_SANDBOX'));
    expect(having(hidden, 'the-task')).toEqual([]);
    expect(having(texts(without('VIEW_TASK')), 'the-task-2')).toEqual([]);
  });
});
