// What an agent is told by its flags and its environment.
import { expect, test } from 'vitest';
import { executorEnvironment } from '../../src/cli/agent-options.ts';
import { AGENT_FLAGS } from '../../src/cli/flags/agent-flags.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';

const variables = (argv: string[], environment: NodeJS.ProcessEnv = {}) => {
  const { values } = parseFlags(AGENT_FLAGS, { argv, environment: {} });
  return executorEnvironment(values, { listenIp: values.ip ?? '10.0.0.2' }, environment);
};

test('executors are told the address that the agent was told', () => {
  expect(variables([])).toBeUndefined();
  expect(variables(['--ip=10.0.0.3'])).toEqual({ LIBPROCESS_IP: '10.0.0.3' });
  expect(variables(['--ip_discovery_command=x'])).toEqual({ LIBPROCESS_IP: '10.0.0.2' });
  expect(variables([], { LIBPROCESS_IP: '10.0.0.4' })).toEqual({ LIBPROCESS_IP: '10.0.0.4' });
  const given = '--executor_environment_variables={"A":"b","LIBPROCESS_IP":"10.0.0.5"}';
  expect(variables([given, '--ip=10.0.0.3'])).toEqual({ A: 'b', LIBPROCESS_IP: '10.0.0.5' });
});
