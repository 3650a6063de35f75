// Logins that docker's config file leaves to another program.
import { expect, test } from 'vitest';
import { readDockerConfig } from '../../../../src/containerizer/images/formats/docker-config.ts';
import { platformOf } from '../../../../src/containerizer/images/formats/platform.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import { RegistryPuller } from '../../../../src/containerizer/images/registry/registry-puller.ts';
import { json } from '../formats/samples.ts';
import { TestRegistry } from './test-registry.ts';

test('a refusal names the program that has the login; what is for all comes', async () => {
  const registry = await TestRegistry.open();
  registry.image('a', ['x']);
  const puller = new RegistryPuller({
    address: { scheme: 'http', host: registry.host },
    logins: readDockerConfig(json({ credsStore: 'desktop', auths: { [registry.host]: {} } })),
    platform: platformOf('x64'),
    stallMs: 10_000,
    pauseMs: 1,
    proxies: undefined,
  });
  const abort = new AbortController().signal;
  const pull = () => puller.manifest(parseReference('a'), { abort });
  expect((await pull()).manifest.layers).toHaveLength(1);
  registry.intercept = (_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="kit"' }).end();
    return true;
  };
  await expect(pull()).rejects.toThrow(
    /response status: 401 .* \(by the docker config, the credential helper 'desktop' has the login for 127.0.0.1:\d+: no helpers are asked here, logins are taken from 'auths' only\)$/,
  );
  await registry.close();
});
