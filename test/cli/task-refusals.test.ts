// What the person who runs `task exec` or `task attach` is told where the agent's lists say no.
import { expect, test } from 'vitest';
import { allowed } from '../../src/cli/task/refusals.ts';
import { CallRefusedError } from '../../src/http/client/scheduler-client.ts';
import { AgentCall_Type } from '../../src/model/generated/messages.ts';

const SESSION = AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION;
const agent = '10.0.0.2:5051';
const refused = (status: number) => Promise.reject(new CallRefusedError(status, '403 Forbidden.'));

test('a refusal says who refuses whom, and which lists decide', async () => {
  const credential = { principal: 'dev', secret: 's' };
  const answer = allowed({ agent, credential }, SESSION, refused(403));
  await expect(answer).rejects.toMatchObject({
    status: 403,
    message:
      "The agent at 10.0.0.2:5051 does not allow LAUNCH_NESTED_CONTAINER_SESSION to 'dev' (403 Forbidden): " +
      'its --acls decide, by launch_nested_container_sessions_as_user and ' +
      'launch_nested_container_sessions_under_parent_with_user; its --audit_log tells which rule did',
  });
  const nobody = { agent, credential: undefined };
  await expect(
    allowed(nobody, AgentCall_Type.ATTACH_CONTAINER_OUTPUT, refused(403)),
  ).rejects.toThrow(
    /ATTACH_CONTAINER_OUTPUT to who has no --principal .*attach_containers_output;/,
  );
});

test('other answers stay as they are', async () => {
  const nobody = { agent, credential: undefined };
  await expect(allowed(nobody, SESSION, refused(500))).rejects.toThrow(/^403 Forbidden\.$/);
  expect(await allowed(nobody, SESSION, Promise.resolve(7))).toBe(7);
});
