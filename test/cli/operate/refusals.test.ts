// What who looks into a task is told where the agent's lists say no.
import { expect, test } from 'vitest';
import { missing } from '../../../src/cli/operate/connection/refusals.ts';
import { AgentCall_Type } from '../../../src/model/generated/messages.ts';

const agent = 'agent S1 (host1)';

test('a refusal says who refuses whom, and which lists decide', () => {
  const credential = { principal: 'dev', secret: 's' };
  const session = AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION;
  expect(missing({ agent, credential }, session, '403 Forbidden.')).toBe(
    "agent S1 (host1) does not allow LAUNCH_NESTED_CONTAINER_SESSION to 'dev' (403 Forbidden): " +
      'its --acls decide, by launch_nested_container_sessions_as_user and ' +
      'launch_nested_container_sessions_under_parent_with_user; its --audit_log tells which rule did',
  );
  const nobody = { agent, credential: undefined };
  expect(missing(nobody, AgentCall_Type.READ_FILE, '403 Forbidden.')).toMatch(
    /READ_FILE to who has no --principal .*by access_sandboxes and access_mesos_logs;/,
  );
});
