// Registries with TLS whose certificates are not those of the machine, and registries behind
// proxies: docker-registry, and servers that are as no registry should be.
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDockerConfig } from '../../../../src/containerizer/images/formats/docker-config.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import { type PullerOptions, pullerOf } from '../../../../src/containerizer/images/pullers.ts';
import { ThreadPuller } from '../../../../src/containerizer/images/thread-puller.ts';
import { Authority, type Certified } from '../../../support/authority.ts';
import { HttpProxy } from '../../../support/http-proxy.ts';
import { digestOf, json } from '../formats/samples.ts';
import { pulledLayer } from '../pulled-layer.ts';
import { copyLayout, DockerRegistry, writeLayout } from './docker-registry.ts';
import { TestRegistry } from './test-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-tls-'));
const never = new AbortController().signal;
let authority: Authority;
let server: Certified;
let client: Certified;
let registry: DockerRegistry;
let layer: Buffer;
let folders = 0;

beforeAll(async () => {
  authority = new Authority(folder, 'authority');
  server = authority.certify('server');
  client = authority.certify('client');
  const data = join(folder, 'registry');
  mkdirSync(data);
  registry = await DockerRegistry.start(data, {
    ...server,
    clientAuthority: authority.certificate,
  });
  layer = writeLayout(folder);
  const certs = certificatesFor(registry.host, { client });
  const own = join(certs, registry.host);
  copyLayout(folder, `docker://${registry.host}/a`, '--dest-cert-dir', own);
});

afterAll(() => {
  registry[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

/** A folder as /etc/docker/certs.d with what is there for a host. */
function certificatesFor(
  host: string,
  { ca = authority.certificate, client }: { ca?: string | undefined; client?: Certified } = {},
): string {
  const certificates = join(folder, `certs-${++folders}.d`);
  mkdirSync(join(certificates, host), { recursive: true });
  copyFileSync(ca, join(certificates, host, 'ca.crt'));
  if (client !== undefined) {
    copyFileSync(client.certificate, join(certificates, host, 'client.cert'));
    copyFileSync(client.key, join(certificates, host, 'client.key'));
  }
  return certificates;
}

const options = (change: Partial<PullerOptions> = {}): PullerOptions => ({
  source: { kind: 'registry', address: { scheme: 'https', host: registry.host } },
  logins: readDockerConfig(json(registry.auths)),
  stallMs: 10_000,
  proxies: undefined,
  mirrors: [],
  certificates: join(folder, 'none'),
  architecture: 'x64',
  ...change,
});

async function failure(change: Partial<PullerOptions>, name = 'a'): Promise<string> {
  try {
    await pullerOf(options(change)).manifest(parseReference(name), { abort: never });
  } catch (error) {
    return String(error);
  }
  throw new Error('The image came');
}

async function pulled(change: Partial<PullerOptions>): Promise<Buffer> {
  const puller = new ThreadPuller(options(change));
  using image = await puller.manifest(parseReference('a'), { abort: never });
  const bytes = await pulledLayer(image, folder);
  await puller.close();
  return bytes;
}

const proxiesBy = (https_proxy: string, no_proxy?: string) => ({
  proxies: { http_proxy: https_proxy, https_proxy, no_proxy },
});

test('a registry is believed by its authority, and shown a certificate', async () => {
  const certificates = certificatesFor(registry.host, { client });
  expect((await pulled({ certificates })).equals(layer)).toBe(true);
});

test('what is wrong with certificates is told', async () => {
  expect(await failure({})).toMatch(
    /Failed to get 'https:\/\/127\.0\.0\.1:\d+\/v2\/a\/manifests\/latest': SSL peer certificate or SSH remote key was not OK \(certificate: unable to verify the first certificate; an authority of its own is looked for in \/.*\/none\/127\.0\.0\.1:\d+\/ca\.crt\)$/,
  );
  const certificates = certificatesFor(registry.host);
  expect(await failure({ certificates })).toMatch(/certificate required|bad certificate/);
  const there = join(certificates, registry.host);
  copyFileSync(client.certificate, join(there, 'client.cert'));
  expect(await failure({ certificates })).toMatch(/client.cert' has no 'client.key' beside it$/);
  copyFileSync(server.key, join(there, 'client.key'));
  expect(await failure({ certificates })).toMatch(/client.key' is no key of '.*client.cert'/);
  writeFileSync(join(there, 'ca.crt'), 'no certificate');
  expect(await failure({ certificates })).toMatch(/ca.crt' has no certificate in PEM$/);
  writeFileSync(
    join(there, 'ca.crt'),
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  );
  expect(await failure({ certificates })).toMatch(/A certificate in '.*ca.crt' is damaged: /);
});

/** A registry with TLS that answers as it is told. */
async function secured(certified: Certified, answer: Parameters<Server['on']>[1]) {
  const secure = createServer({
    cert: readFileSync(certified.certificate),
    key: readFileSync(certified.key),
    ca: readFileSync(authority.certificate),
    requestCert: true,
    rejectUnauthorized: false,
  });
  secure.on('request', answer);
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const host = `127.0.0.1:${(secure.address() as AddressInfo).port}`;
  return {
    host,
    source: { kind: 'registry', address: { scheme: 'https', host } } as const,
    async [Symbol.asyncDispose]() {
      secure.closeAllConnections();
      secure.close();
      await once(secure, 'close');
    },
  };
}

test('a certificate that has expired, or is another host’s, is refused', async () => {
  for (const [name, made, problem] of [
    ['expired', { isExpired: true }, /certificate has expired/],
    ['elsewhere', { host: 'DNS:registry.example' }, /IP: 127.0.0.1 is not in the cert's list/],
  ] as const) {
    await using other = await secured(authority.certify(name, made), () => {});
    const certificates = certificatesFor(other.host);
    const text = await failure({ source: other.source, certificates });
    expect(text).toContain(`https://${other.host}/`);
    expect(text).toMatch(problem);
    expect(text).not.toContain('looked for');
  }
});

test('who asks is shown to the registry alone, and not to those that it names', async () => {
  const seen: [string, boolean][] = [];
  await using far = await secured(server, (request, response) => {
    seen.push(['far', Object.keys(request.socket.getPeerCertificate()).length > 0]);
    response.writeHead(404).end();
  });
  await using near = await secured(server, (request, response) => {
    seen.push(['near', Object.keys(request.socket.getPeerCertificate()).length > 0]);
    response.writeHead(307, { location: `https://${far.host}/blob` }).end();
  });
  // The far one has certificates of its own, and its authority is that of the near one.
  const certificates = certificatesFor(near.host, { client });
  mkdirSync(join(certificates, far.host));
  copyFileSync(client.certificate, join(certificates, far.host, 'client.cert'));
  copyFileSync(client.key, join(certificates, far.host, 'client.key'));
  expect(await failure({ source: near.source, certificates })).toMatch(/404 Not Found/);
  expect(seen).toEqual([
    ['near', true],
    ['far', false],
  ]);
});

test('a registry is asked by a proxy, also with a login, but not where no_proxy says so', async () => {
  await using proxy = await HttpProxy.open('user:p@ss');
  const certificates = certificatesFor(registry.host, { client });
  const by = proxiesBy(`http://user:p%40ss@${proxy.address}`);
  expect((await pulled({ certificates, ...by })).equals(layer)).toBe(true);
  expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${registry.host}`]));
  const count = proxy.asked.length;
  const past = proxiesBy(`http://user:p%40ss@${proxy.address}`, '127.0.0.1');
  expect((await pulled({ certificates, ...past })).equals(layer)).toBe(true);
  expect(proxy.asked).toHaveLength(count);
});

test('a proxy that refuses, or is not there, is named without its password', async () => {
  await using proxy = await HttpProxy.open('user:other');
  const refused = await failure(proxiesBy(`http://user:secret@${proxy.address}`));
  expect(refused).toContain(
    `the proxy http://${proxy.address} refuses: HTTP/1.1 407 Proxy Authentication Required`,
  );
  const plain = await failure({
    ...proxiesBy(`http://user:secret@${proxy.address}`),
    source: { kind: 'registry', address: { scheme: 'http', host: registry.host } },
  });
  expect(plain).toContain('407 Proxy Authentication Required');
  const gone = await failure(proxiesBy('http://user:secret@127.0.0.1:1'));
  expect(gone).toContain('the proxy http://127.0.0.1:1: connect ECONNREFUSED');
  const nowhere = await failure(proxiesBy('http://user:secret@proxy.invalid:80'));
  expect(nowhere).toMatch(/Couldn't resolve proxy name \(the proxy http:\/\/proxy\.invalid/);
  for (const text of [refused, plain, gone, nowhere]) {
    expect(text).not.toContain('secret');
  }
});

test('what a registry says is shown in part where it is long, and as one line', async () => {
  const near = await TestRegistry.open();
  const source = { kind: 'registry', address: { scheme: 'http', host: near.host } } as const;
  near.image('b', ['x'], {
    config: { mediaType: `no\nconfig ${'x'.repeat(1_000_000)}`, size: 1, digest: digestOf('x') },
  });
  const puller = new ThreadPuller(options({ source }));
  const failure = await puller
    .manifest(parseReference('b'), { abort: never })
    .then(String, (error: Error) => error.message);
  expect(failure).toMatch(/^This is no image of a container: .* 'no\ufffdconfig x+ …$/);
  expect(failure.length).toBeLessThan(5_000);
  await Promise.all([puller.close(), near.close()]);
});

test('a token server is asked by a proxy, too', async () => {
  await using proxy = await HttpProxy.open();
  const [near, tokens] = await Promise.all([TestRegistry.open(), TestRegistry.open()]);
  near.image('a', ['x']);
  near.intercept = (request, response) => {
    if (request.headers.authorization === 'Bearer good') {
      return false;
    }
    const header = `Bearer realm="http://${tokens.host}/token",service="s"`;
    response.writeHead(401, { 'www-authenticate': header }).end();
    return true;
  };
  tokens.intercept = (_, response) => {
    response.end('{"token": "good"}');
    return true;
  };
  const source = { kind: 'registry', address: { scheme: 'http', host: near.host } } as const;
  const puller = pullerOf(options({ source, ...proxiesBy(`http://${proxy.address}`) }));
  await puller.manifest(parseReference('a'), { abort: never });
  expect(proxy.asked.some((it) => it.startsWith(`GET http://${tokens.host}/token?`))).toBe(true);
  await Promise.all([near.close(), tokens.close()]);
});
