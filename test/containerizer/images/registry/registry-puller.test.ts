// Pulling from registries that are as they should be, and from those that are not: what is taken is
// what was named, who asks is told to nobody else, and errors say what was wrong.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import { readDockerConfig } from '../../../../src/containerizer/images/formats/docker-config.ts';
import { platformOf } from '../../../../src/containerizer/images/formats/platform.ts';
import { parseReference } from '../../../../src/containerizer/images/formats/reference.ts';
import type { PulledImage } from '../../../../src/containerizer/images/puller.ts';
import { RegistryPuller } from '../../../../src/containerizer/images/registry/registry-puller.ts';
import { digestOf, entry, index, json, OCI, OCI_INDEX, schemaOne } from '../formats/samples.ts';
import { pulledLayer } from '../pulled-layer.ts';
import { TestRegistry } from './test-registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-pulling-'));
let registry: TestRegistry;
let other: TestRegistry;

beforeEach(async () => {
  [registry, other] = await Promise.all([TestRegistry.open(), TestRegistry.open()]);
});

afterEach(async () => {
  await Promise.all([registry.close(), other.close()]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const never = new AbortController().signal;
const logins = (host: string, login: Record<string, string>) => json({ auths: { [host]: login } });
const ME = { auth: Buffer.from('me:pw').toString('base64') };

/** Waits long only for registries that answer. */
const puller = ({ stallMs = 10_000, config = json({ auths: {} }) } = {}) =>
  new RegistryPuller({
    address: { scheme: 'http', host: registry.host },
    logins: readDockerConfig(config),
    platform: platformOf('x64'),
    stallMs,
    pauseMs: 1,
    proxies: undefined,
  });

const pull = (name: string, from = puller(), credentials?: Uint8Array, abort = never) =>
  from.manifest(parseReference(name), { credentials, abort });

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof ContainerizerError ? error.message : error),
  );

const layer = (image: PulledImage, at = 0, abort = never) => pulledLayer(image, folder, at, abort);

describe('from a registry', () => {
  test('manifest, config and layers are taken', async () => {
    const digest = registry.image('group/a', ['lower', 'upper']);
    const image = await pull('group/a');
    expect(image.manifest).toMatchObject({
      digest,
      config: { command: ['group/a'] },
      layers: [{ digest: digestOf('lower'), size: 5 }, { digest: digestOf('upper') }],
    });
    expect(String(await layer(image, 1))).toBe('upper');
    expect(registry.asked[0]).toBe('group/a/manifests/latest');
  });

  test('an image is found by its digest, and a manifest that is another one is refused', async () => {
    const digest = registry.image('a', ['x']);
    expect((await pull(`a@${digest}`)).manifest.digest).toBe(digest);
    const wrong = digestOf('another');
    const kept = registry.manifests.get('a/manifests/latest');
    registry.manifests.set(`a/manifests/${wrong}`, kept as NonNullable<typeof kept>);
    expect(await errorOf(pull(`a@${wrong}`))).toBe(
      `The manifest of image 'a@${wrong}' does not match its digest '${wrong}': it is '${digest}'`,
    );
  });

  test('of an image that is known, the manifest alone, as long as it is the same', async () => {
    const digest = registry.image('a', ['x']);
    const config = { ...(await pull('a')).manifest.config, command: ['known'] };
    registry.requests.length = 0;
    const asked = { known: { digest, config }, abort: never };
    const { manifest } = await puller().manifest(parseReference('a'), asked);
    expect(manifest).toMatchObject({ digest, config, layers: [{ digest: digestOf('x') }] });
    expect(registry.asked).toEqual(['a/manifests/latest']);
    registry.image('a', ['y']);
    const changed = await puller().manifest(parseReference('a'), asked);
    expect(changed.manifest).toMatchObject({
      config: { command: ['a'] },
      layers: [{ digest: digestOf('y') }],
    });
  });

  test('of an index, the image for this machine', async () => {
    const digest = registry.image('a', ['x']);
    const own = { ...entry('linux', 'amd64'), digest };
    registry.manifest('a', 'both', index([entry('linux', 'arm64'), own]), OCI_INDEX);
    expect((await pull('a:both')).manifest.digest).toBe(digest);
  });

  test('an index in an index is followed, but not for ever', async () => {
    let digest = registry.image('a', ['x']);
    let type = OCI;
    for (let i = 0; i < 4; i++) {
      const own = { ...entry('linux', 'amd64'), mediaType: type, digest };
      digest = registry.manifest('a', `deep${i}`, index([own]), OCI_INDEX);
      type = OCI_INDEX;
    }
    expect((await pull('a:deep2')).manifest.layers).toHaveLength(1);
    expect(await errorOf(pull('a:deep3'))).toMatch(/more than 3 deep/);
  });

  test('an image of schema 1, whose digest is of what is signed', async () => {
    const text = JSON.stringify(schemaOne(), undefined, 3);
    const base64 = (value: string) => Buffer.from(value).toString('base64url');
    const end = text.lastIndexOf('\n}');
    const format = JSON.stringify({ formatLength: end, formatTail: base64('\n}') });
    const signed = `${text.slice(0, end)},\n"signatures": [{"protected": "${base64(format)}"}]\n}`;
    const type = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    const wanted = `a/manifests/${digestOf(text)}`;
    registry.manifests.set(wanted, { type, bytes: Buffer.from(signed) });
    registry.blob('upper');
    const image = await pull(`a@${digestOf(text)}`);
    expect(image.manifest.config.command).toEqual(['/bin/sh']);
    expect(String(await layer(image, 1))).toBe('upper');
  });

  test('a layer that the registry lacks comes from where the manifest says', async () => {
    const digest = digestOf('foreign');
    other.blob('foreign');
    const urls = [
      'ftp://127.0.0.1/x',
      `http://${other.host}/none`,
      `http://${other.host}/v2/b/blobs/${digest}`,
    ];
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
    registry.image('a', [], { layers: [{ mediaType, size: 7, digest, urls }] });
    const image = await pull('a', puller({ config: logins(registry.host, ME) }));
    expect(String(await layer(image))).toBe('foreign');
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('who asks', () => {
  const basic = `Basic ${ME.auth}`;
  const refuse = (challenge: string | undefined, good: string) => {
    registry.intercept = (request, response) => {
      if (request.headers.authorization === good) {
        return false;
      }
      const headers = challenge === undefined ? {} : { 'www-authenticate': challenge };
      response.writeHead(401, headers).end();
      return true;
    };
  };
  const serveTokens = (token: (request: { url?: string | undefined }) => unknown) => {
    other.intercept = (request, response) => {
      response.end(JSON.stringify(token(request)));
      return true;
    };
  };
  const bearer = (rest = ',service="kit",scope="repository:a:pull"') =>
    `Bearer realm="http://${other.host}/token"${rest}`;
  const url = (path: string) => `http://${registry.host}/v2/${path}`;

  test('is known by user and password: of the image, or else of the agent', async () => {
    registry.image('a', ['x']);
    refuse('Basic realm="kit"', basic);
    await pull('a', puller({ config: logins(registry.host, ME) }));
    await pull('a', puller(), logins(registry.host, ME));
    const wrong = logins(registry.host, { username: 'me', password: 'wrong' });
    await pull('a', puller({ config: wrong }), logins(registry.host, ME));
    const refused =
      'Got unexpected BASIC Authorization response status: 401 Unauthorized from ' +
      url('a/manifests/latest');
    expect(await errorOf(pull('a'))).toBe(refused);
    expect(await errorOf(pull('a', puller(), wrong))).toBe(refused);
    expect(await errorOf(pull('a', puller(), logins('127.0.0.1:1', ME)))).toBe(refused);
  });

  test('is known by a token, for which user and password are good', async () => {
    registry.image('a', ['x']);
    refuse(bearer(), 'Bearer t1');
    serveTokens(() => ({ token: 't1' }));
    const image = await pull('a', puller(), logins(registry.host, ME));
    await layer(image);
    expect(other.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/token?service=kit&scope=repository:a:pull', basic],
    ]);
  });

  test('is asked again when the token has expired', async () => {
    registry.image('a', ['x', 'y']);
    let current = 1;
    serveTokens(() => ({ access_token: `t${current}` }));
    refuse(bearer(), 'Bearer t1');
    const image = await pull('a');
    await layer(image, 0);
    current = 2;
    refuse(bearer(), 'Bearer t2');
    expect(String(await layer(image, 1))).toBe('y');
    expect(other.requests).toHaveLength(2);
  });

  test('a token server may be asked by an identity token', async () => {
    registry.image('a', ['x']);
    refuse(bearer(), 'Bearer t1');
    let form = '';
    other.intercept = (request, response) => {
      request.on('data', (data) => {
        form += data;
      });
      request.on('end', () => response.end('{"access_token": "t1"}'));
      return true;
    };
    await pull('a', puller(), logins(registry.host, { identitytoken: 'refresh' }));
    expect(Object.fromEntries(new URLSearchParams(form))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh',
      scope: 'repository:a:pull',
    });
  });

  test('the scope may be left to us, and there may be several', async () => {
    registry.image('a', ['x']);
    refuse(bearer(''), 'Bearer t1');
    serveTokens(() => ({ token: 't1' }));
    await pull('a');
    refuse(bearer(',scope="repository:a:pull repository:b:pull"'), 'Bearer t1');
    await pull('a');
    expect(other.requests.map(({ url }) => url)).toEqual([
      '/token?scope=repository:a:pull',
      '/token?scope=repository:a:pull&scope=repository:b:pull',
    ]);
  });

  test.each<[string, string | undefined, string]>([
    ['nothing', undefined, 'Got unexpected empty WWW-Authenticate header from URL'],
    ['another way', 'Digest realm="x"', 'Got unsupported auth-scheme: DIGEST from URL'],
    [
      'no place',
      'Bearer service="x"',
      "Missing 'realm' in WWW-Authenticate header obtained from URL",
    ],
    [
      'no URL',
      'Bearer realm="file:///etc/passwd"',
      "Missing 'realm' in WWW-Authenticate header obtained from URL",
    ],
  ])('a registry that names %s is an error', async (_, challenge, error) => {
    refuse(challenge, 'nothing');
    expect(await errorOf(pull('a'))).toBe(error.replace('URL', url('a/manifests/latest')));
  });

  test.each<[string, unknown, string]>([
    ['gives none', {}, 'Failed to find token in JSON object'],
    ['gives one for another header', { token: 'a\r\nx: y' }, 'Failed to find token in JSON object'],
    ['gives null', null, 'Failed to find token in JSON object'],
  ])('a token server that %s is an error', async (_, answer, error) => {
    refuse(bearer(), 'nothing');
    serveTokens(() => answer);
    expect(await errorOf(pull('a'))).toBe(error);
  });

  test('a token server that refuses, or does not end, is an error', async () => {
    refuse(bearer(), 'nothing');
    const place = `http://${other.host}/token?service=kit&scope=repository:a:pull`;
    other.intercept = (_, response) => {
      response.writeHead(401).end();
      return true;
    };
    expect(await errorOf(pull('a'))).toBe(
      `Unexpected HTTP response '401 Unauthorized' when trying to GET '${place}'`,
    );
    other.intercept = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) {}
      };
      response.on('drain', more);
      more();
      return true;
    };
    expect(await errorOf(pull('a'))).toBe(
      `The answer of http://${other.host}/token has more than 1048576 bytes`,
    );
    other.intercept = (_, response) => {
      response.end('secret token');
      return true;
    };
    expect(await errorOf(pull('a'))).toBe('Parsing the JSON object failed');
  });

  test('a token that the registry does not take is an error', async () => {
    refuse(bearer(), 'Bearer other');
    serveTokens(() => ({ token: 't1' }));
    expect(await errorOf(pull('a'))).toBe(
      "Unexpected HTTP response '401 Unauthorized' when trying to get the manifest " +
        `from 'http://${registry.host}/v2/a/manifests/latest'`,
    );
  });

  test('is not told to a server that the registry names', async () => {
    registry.image('a', ['x']);
    other.blob('x');
    registry.intercept = (_, response, path) => {
      if (path.includes('/blobs/')) {
        const config = registry.blobs.get(path.split('/blobs/')[1] ?? '') ?? '';
        other.blob(config);
        response.writeHead(307, { location: `http://${other.host}/v2/${path}` }).end();
      }
      return path.includes('/blobs/');
    };
    const image = await pull('a', puller({ config: logins(registry.host, ME) }));
    expect(String(await layer(image))).toBe('x');
    expect(registry.requests.map(({ headers }) => headers.authorization)).toContain(basic);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('a registry that', () => {
  const answer = (status: number, headers: Record<string, string>, body = '') => {
    registry.intercept = (_, response) => {
      response.writeHead(status, headers).end(body);
      return true;
    };
  };

  test('does not have the image', async () => {
    expect(await errorOf(pull('a:b'))).toBe(
      "Unexpected HTTP response '404 Not Found' when trying to get the manifest " +
        `from 'http://${registry.host}/v2/a/manifests/b'`,
    );
  });

  test('is not there', async () => {
    const closed = createTcpServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    expect(await errorOf(pull(`127.0.0.1:${port}/a`))).toMatch(
      new RegExp(
        `^Failed to get 'http://127.0.0.1:${port}/v2/a/manifests/latest': ` +
          "Couldn't connect to server \\(connection refused",
      ),
    );
  });

  test('sends a page', async () => {
    answer(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>');
    expect(await errorOf(pull('a'))).toBe(
      'Unsupported manifest MIME type: text/html; charset=utf-8',
    );
    registry.intercept = (_, response) => {
      response.setHeader('content-type', []);
      response.end('{}');
      return true;
    };
    expect(await errorOf(pull('a'))).toBe('No Content-Type present');
  });

  test('sends a manifest without end', async () => {
    registry.intercept = (_, response) => {
      response.setHeader('content-type', OCI);
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536))) {}
      };
      response.on('drain', more);
      more();
      return true;
    };
    expect(await errorOf(pull('a'))).toBe("The manifest of image 'a' has more than 4194304 bytes");
  });

  test('says a digest that is not the manifest’s', async () => {
    registry.image('a', ['x']);
    const { bytes } = registry.manifests.get('a/manifests/latest') ?? { bytes: '' };
    answer(200, { 'content-type': OCI, 'docker-content-digest': digestOf('y') }, String(bytes));
    expect(await errorOf(pull('a'))).toMatch(/does not match its digest/);
  });

  test('is mute, or stands still', async () => {
    registry.intercept = () => true;
    expect(await errorOf(pull('a', puller({ stallMs: 100 })))).toMatch(
      /\/a\/manifests\/latest': Timeout was reached \(nothing received for 0.1 s\)$/,
    );
    registry.image('a', ['x'.repeat(100)]);
    registry.intercept = (_, response, path) => {
      if (path.endsWith(digestOf('x'.repeat(100)))) {
        response.writeHead(200, { 'content-length': 100 }).write('xx');
        return true;
      }
      return false;
    };
    const image = await pull('a', puller({ stallMs: 700 }));
    expect(await errorOf(layer(image))).toMatch(
      /^Failed to fetch layer 'sha256:.*': .*Timeout was reached/,
    );
  });

  test('has too much to do is asked again, after the time it says', async () => {
    registry.image('a', ['x']);
    const asked: number[] = [];
    registry.intercept = (_, response, path) => {
      if (path === 'a/manifests/latest' && asked.push(Date.now()) <= 2) {
        response.writeHead(429, asked.length === 1 ? { 'retry-after': '1' } : {}).end();
        return true;
      }
      return false;
    };
    await pull('a');
    expect(asked).toHaveLength(3);
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(990);
    answer(429, { 'retry-after': '3600' });
    expect(await errorOf(pull('a'))).toBe(
      "Unexpected HTTP response '429 Too Many Requests' when trying to get the manifest " +
        `from 'http://${registry.host}/v2/a/manifests/latest'`,
    );
    registry.requests.length = 0;
    answer(503, {});
    expect(await errorOf(pull('a'))).toMatch(/^Unexpected HTTP response '503/);
    expect(registry.requests).toHaveLength(4);
  });

  test('moves images round and round', async () => {
    answer(307, { location: '/v2/a/manifests/latest' });
    expect(await errorOf(pull('a'))).toMatch(/too many redirects: more than 30/);
    answer(307, { location: 'file:///etc/shadow' });
    expect(await errorOf(pull('a'))).toMatch(/the redirect leads to file:/);
  });

  test('is given up', async () => {
    const reason = new Error('killed');
    const abort = new AbortController();
    registry.intercept = () => {
      abort.abort(reason);
      return true;
    };
    await expect(pull('a', puller(), undefined, abort.signal)).rejects.toBe(reason);
  });
});

describe('a layer', () => {
  const content = randomBytes(3_000_000);
  const digest = digestOf(content);
  const name = `Failed to fetch layer '${digest}': `;
  const changeBlob = (
    send: (from: number, response: import('node:http').ServerResponse) => void,
  ) => {
    registry.intercept = (request, response, path) => {
      if (!path.endsWith(digest)) {
        return false;
      }
      send(Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0), response);
      return true;
    };
  };
  let image: PulledImage;

  beforeEach(async () => {
    registry.image('a', [content]);
    image = await pull('a');
  });

  const ranges = () => registry.requests.flatMap(({ headers }) => headers.range ?? []);

  test('whose connection ends early is gone on with', async () => {
    changeBlob((from, response) => {
      const status = from === 0 ? 200 : 206;
      response.writeHead(status, {
        'content-length': content.length - from,
        ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${content.length - 1}/*` }),
      });
      const end = Math.min(from + 1_200_000, content.length);
      response.write(content.subarray(from, end), () => response.destroy());
    });
    expect(
      createHash('sha256')
        .update(await layer(image))
        .digest('hex'),
    ).toBe(digest.slice(7));
    expect(ranges().length).toBeGreaterThanOrEqual(1);
  });

  test('of a server that always begins anew is gone on with, too', async () => {
    let tries = 0;
    changeBlob((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      const end = ++tries === 3 ? content.length : 1_000_000 * tries;
      response.write(content.subarray(0, end), () => response.destroy());
    });
    expect((await layer(image)).equals(content)).toBe(true);
    expect(tries).toBe(3);
  });

  test('that never goes on is an error after some tries', async () => {
    let tries = 0;
    changeBlob((_, response) => {
      tries++;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 10), () => response.destroy());
    });
    expect(await errorOf(layer(image))).toMatch(/Transferred a partial file/);
    expect(tries).toBe(4);
  });

  test('that goes on at another place is an error', async () => {
    changeBlob((from, response) => {
      const headers = { 'content-length': content.length - from };
      if (from === 0) {
        response.writeHead(200, headers);
        response.write(content.subarray(0, 100_000), () => response.destroy());
      } else {
        response.writeHead(206, { ...headers, 'content-range': 'bytes 5-9/10' }).end();
      }
    });
    expect(await errorOf(layer(image))).toBe(
      `${name}Unexpected HTTP response '206 Partial Content' when trying to download the blob`,
    );
  });

  test.each<[string, Buffer, RegExp]>([
    [
      'of other content',
      randomBytes(content.length),
      /what arrived does not match the digest: it is/,
    ],
    ['that is shorter', content.subarray(1), /it has 3000000 bytes, and 2999999 arrived$/],
    ['that is longer', Buffer.concat([content, content]), /more than 3000000 bytes arrived$/],
  ])('%s is an error', async (_, bytes, error) => {
    changeBlob((_, response) => {
      response.setHeader('content-length', bytes.length);
      response.end(bytes);
    });
    const message = await errorOf(layer(image));
    expect(message).toMatch(error);
    expect(message).toContain(name);
    expect(registry.requests).toHaveLength(3);
  });

  test('that the registry does not have is an error', async () => {
    registry.blobs.delete(digest);
    expect(await errorOf(layer(image))).toBe(
      `${name}Unexpected HTTP response '404 Not Found' when trying to download the blob`,
    );
  });

  test('that is given up fails with the reason, and is not downloaded any more', async () => {
    const closed = Promise.withResolvers<void>();
    const abort = new AbortController();
    const reason = new Error('killed');
    changeBlob((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 10), () => abort.abort(reason));
      response.on('close', () => closed.resolve());
    });
    await expect(layer(image, 0, abort.signal)).rejects.toBe(reason);
    await closed.promise;
  });

  test('that cannot be stored is an error of the system', async () => {
    const [descriptor] = image.manifest.layers;
    const path = join(folder, 'none', 'blob');
    const download = image.download(descriptor as NonNullable<typeof descriptor>, path, never);
    await expect(download).rejects.toThrow(/ENOENT/);
    writeFileSync(join(folder, 'there'), '');
    const again = image.download(
      descriptor as NonNullable<typeof descriptor>,
      join(folder, 'there'),
      never,
    );
    await expect(again).rejects.toThrow(/EEXIST/);
  });
});
