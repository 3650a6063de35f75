// What readers see of secrets: that there are some, never their values.
import { describe, expect, test } from 'vitest';
import {
  type Environment,
  Environment_Variable_Type,
  type ExecutorInfo,
  Secret_Type,
  Volume_Source_Type,
} from '../../src/model/generated/messages.ts';
import type { MessageType } from '../../src/wire/message-type.ts';
import { withoutSecrets } from '../../src/wire/secrets.ts';
import { types } from '../../src/wire/types.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const secret = (text: string) => ({ type: Secret_Type.VALUE, value: { data: bytes(text) } });
const shown = { type: Secret_Type.VALUE };
const environment = (value: object): Environment => ({
  variables: [
    { name: 'PLAIN', value: 'p' },
    { name: 'KEY', type: Environment_Variable_Type.SECRET, secret: value },
  ],
});

describe('the value of a secret', () => {
  test('is taken out of environments, volumes and image configurations', () => {
    const executor = (value: object): ExecutorInfo => ({
      executor_id: { value: 'e' },
      command: { environment: environment(value) },
      container: {
        type: 1,
        volumes: [
          {
            mode: 1,
            container_path: 'a',
            source: { type: Volume_Source_Type.SECRET, secret: value },
          },
          {
            mode: 1,
            container_path: 'b',
            image: { type: 2, docker: { name: 'n', config: value } },
          },
        ],
        mesos: { image: { type: 2, docker: { name: 'n', config: value } } },
      },
    });
    const original = executor(secret('hidden'));
    expect(withoutSecrets(types.ExecutorInfo, original)).toEqual(executor(shown));
    // The executor's message is unchanged.
    expect(original).toEqual(executor(secret('hidden')));
  });

  test('is taken out of maps of secrets', () => {
    const volume = (value: object) => ({
      plugin_name: 'p',
      static_provisioning: {
        volume_id: 'v',
        volume_capability: {},
        node_stage_secrets: { user: value, password: value },
      },
    });
    expect(
      withoutSecrets(types.Volume_Source_CSIVolume, volume(secret('hidden')) as never),
    ).toEqual(volume(shown));
  });

  test('leaves references, and messages without secrets, as they are', () => {
    const reference = { type: Secret_Type.REFERENCE, reference: { name: 'vault', key: 'k' } };
    const message = { value: 'true', environment: environment(reference) };
    expect(withoutSecrets(types.CommandInfo, message)).toEqual(message);
    const plain = { value: 'true', environment: { variables: [{ name: 'A', value: 'b' }] } };
    expect(withoutSecrets(types.CommandInfo, plain)).toBe(plain);
  });
});

/** For each way from the type down to a secret, the message that has only that. */
function* ways(type: MessageType<object>, above: readonly string[] = []): Generator<object> {
  if (type.name === 'Secret') {
    yield secret('hidden');
    return;
  }
  for (const { name, rule, value } of type.fields) {
    const below = 'message' in value ? value.message() : undefined;
    if (below !== undefined && !above.includes(below.name)) {
      for (const inner of ways(below, [...above, below.name])) {
        yield { [name]: rule === 'repeated' ? [{}, inner] : rule === 'map' ? { k: inner } : inner };
      }
    }
  }
}

test.each([
  'MasterResponse',
  'AgentResponse',
  'MasterEvent',
  'Environment',
  'HealthCheck',
] as const)('a %s has the value of no secret, wherever it may be', (name) => {
  const type: MessageType<object> = types[name];
  let count = 0;
  for (const message of ways(type)) {
    const text = JSON.stringify(withoutSecrets(type, message));
    expect(text).not.toContain('"value":{"data"');
    count++;
  }
  expect(count).toBeGreaterThan(0);
});
