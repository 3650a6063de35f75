// What an agent is told of a container that could not be launched.
import { expect, test } from 'vitest';
import { failureOf } from '../../src/agent-driver/run.ts';
import { ContainerizerError } from '../../src/containerizer/containerizer-error.ts';

const failed = (message: string, cause: string) =>
  failureOf(new ContainerizerError(message, { cause: new Error(cause) }));

test('a cause that the error quotes is not told twice', () => {
  expect(failed("Failed to pull image 'a': no such host", 'no such host')).toMatchObject({
    failure: "Failed to pull image 'a': no such host",
    cause: undefined,
  });
});

test('any other cause is told beside the error', () => {
  expect(failed('unknown container', "'container.type' is DOCKER")).toMatchObject({
    failure: 'unknown container',
    cause: "'container.type' is DOCKER",
  });
});
