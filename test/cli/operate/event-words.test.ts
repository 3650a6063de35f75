import { expect, test } from 'vitest';
import { COLUMNS, Narrator } from '../../../src/cli/operate/events/event-words.ts';
import { rowTest } from '../../../src/cli/operate/output/chosen-rows.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  type MasterResponse_GetFrameworks_Framework as Framework,
  type MasterEvent,
  MasterEvent_Type,
  TaskState,
  TaskStatus_Reason,
} from '../../../src/model/generated/messages.ts';

const agent = (id: string, hostname: string, more: Partial<Agent> = {}): Agent => ({
  agent_info: { id: { value: id }, hostname },
  active: true,
  version: '1.11.0',
  ...more,
});
const framework = (more: Partial<Framework> = {}): Framework => ({
  framework_info: { id: { value: 'F' }, name: 'marathon', user: 'me' },
  active: true,
  connected: true,
  recovered: false,
  ...more,
});
const subscribed: MasterEvent = {
  type: MasterEvent_Type.SUBSCRIBED,
  subscribed: {
    get_state: {
      get_agents: { agents: [agent('A', 'host1')] },
      get_frameworks: { frameworks: [framework()] },
    },
  },
};
const updated = (state: TaskState, more = {}): MasterEvent => ({
  type: MasterEvent_Type.TASK_UPDATED,
  task_updated: {
    framework_id: { value: 'F' },
    state,
    status: { task_id: { value: 'web.1' }, state, agent_id: { value: 'A' }, ...more },
  },
});

function told(...events: readonly MasterEvent[]) {
  const narrator = new Narrator();
  narrator.tell(subscribed);
  return events.map((event) => narrator.tell(event)).at(-1);
}

test('names are those that the stream has told', () => {
  expect(told(updated(TaskState.TASK_RUNNING))).toMatchObject({
    says: 'of marathon: running on host1',
    framework: 'marathon',
    agent: 'host1',
    look: 'good',
  });
});

test('why a task has ended is said', () => {
  const reason = TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY;
  expect(told(updated(TaskState.TASK_FAILED, { reason, message: 'Used 65 MB' }))?.says).toBe(
    'of marathon: failed on host1 (It took more memory than it was given. Used 65 MB)',
  );
});

test('what agents and frameworks become', () => {
  const says = (event: MasterEvent) => told(event)?.says;
  const deactivated = agent('A', 'host1', { deactivated: true });
  expect(
    says({ type: MasterEvent_Type.AGENT_UPDATED, agent_updated: { agent: deactivated } }),
  ).toBe('is deactivated');
  const away = framework({ connected: false, active: false });
  expect(
    says({ type: MasterEvent_Type.FRAMEWORK_UPDATED, framework_updated: { framework: away } }),
  ).toBe('is disconnected');
  const lost_agent = {
    agent_id: { value: 'A' },
    gone: false,
    since_time: { nanoseconds: 0n },
    message: 'no answer',
  };
  expect(
    told({
      type: MasterEvent_Type.AGENT_REMOVED,
      agent_removed: { agent_id: { value: 'A' }, lost_agent },
    }),
  ).toMatchObject({ name: 'host1', says: 'is unreachable: no answer' });
});

test('what is told again and again is said once', () => {
  const refused: MasterEvent = {
    type: MasterEvent_Type.AGENTS_REFUSED,
    agents_refused: {
      agents: [
        {
          pid: 'slave(1)@h:1',
          hostname: 'h',
          message: 'no credentials',
          first_time: { nanoseconds: 0n },
          last_time: { nanoseconds: 0n },
          times: 1,
        },
      ],
    },
  };
  expect(told(refused)?.says).toBe('is refused: no credentials');
  expect(told(refused, refused)).toBeUndefined();
  expect(told({ type: MasterEvent_Type.HEARTBEAT })).toBeUndefined();
});

test('filters name what an event is about', () => {
  const event = told(updated(TaskState.TASK_FAILED));
  const passes = (...filters: string[]) => event !== undefined && rowTest(COLUMNS, filters)(event);
  expect(passes('type=task_updated', 'of=task', 'state=TASK_FAILED', 'id=web.*')).toBe(true);
  expect(passes('of=agent')).toBe(false);
  expect(passes('agent=host2')).toBe(false);
});
