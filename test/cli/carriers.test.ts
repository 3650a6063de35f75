import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlagError } from '../../src/cli/flags/faults.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import { clientCarriers, serverCarriers, tlsArguments } from '../../src/cli/process/carriers.ts';
import { TLS_FLAGS } from '../../src/cli/process/tls-flags.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';
import { TlsCarriers } from '../../src/http/transport/tls.ts';
import { Authority, type Certified } from '../support/authority.ts';

let folder: string;
let authority: Authority;
let own: Certified;
let expired: Certified;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-carriers-'));
  authority = new Authority(folder, 'authority');
  own = authority.certify('own');
  expired = authority.certify('expired', { isExpired: true });
  writeFileSync(join(folder, 'garbage.pem'), 'no certificate');
  writeFileSync(join(folder, 'huge.pem'), Buffer.alloc(2 * 1024 * 1024));
  writeFileSync(
    join(folder, 'broken.pem'),
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  );
  writeFileSync(
    join(folder, 'encrypted.pem'),
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
  );
  mkdirSync(join(folder, 'empty'));
});

afterAll(() => rmSync(folder, { recursive: true }));

type Environment = Record<string, string>;

const valuesOf = (environment: Environment) =>
  parseFlags(TLS_FLAGS, { argv: [], environment }).values;
const settings = (more: Environment = {}): Environment => ({
  LIBPROCESS_SSL_ENABLED: '1',
  LIBPROCESS_SSL_CERT_FILE: own.certificate,
  LIBPROCESS_SSL_KEY_FILE: own.key,
  ...more,
});

async function server(environment: Environment, master?: string) {
  const asked = master === undefined ? undefined : ({ name: 'master', text: master } as const);
  const carriers = await serverCarriers(valuesOf(environment), environment, asked);
  if (carriers instanceof TlsCarriers) {
    carriers.close();
  }
  return carriers;
}

describe('a master or agent', () => {
  test('encrypts its connections where it is told to', async () => {
    expect(await server({})).toBe(plainCarriers);
    expect(await server(settings({ LIBPROCESS_SSL_ENABLED: '0' }))).toBe(plainCarriers);
    expect(await server(settings({ LIBPROCESS_SSL_ENABLED: '' }))).toBe(plainCarriers);
    expect(await server(settings())).toBeInstanceOf(TlsCarriers);
  });

  test('reads each variable of libprocess, old names and those of its documentation, too', () => {
    const { variables } = TLS_FLAGS.ssl_verify_depth;
    expect(variables).toEqual(['LIBPROCESS_SSL_VERIFY_DEPTH', 'LIBPROCESS_SSL_VERIFICATION_DEPTH']);
    const values = valuesOf({
      LIBPROCESS_SSL_VERIFICATION_DEPTH: '2',
      LIBPROCESS_SSL_REQUIRE_CERT: 'true',
      LIBPROCESS_SSL_VERIFY_CERT: 'true',
      LIBPROCESS_SSL_ECDH_CURVES: 'P-384',
    });
    expect(values).toMatchObject({
      ssl_verify_depth: 2,
      ssl_require_client_cert: true,
      ssl_verify_server_cert: true,
      ssl_ecdh_curve: 'P-384',
    });
  });

  test('is refused in one line for what cannot work', async () => {
    const file = (name: string) => join(folder, name);
    const lines: readonly (readonly [Environment, string])[] = [
      [{ LIBPROCESS_SSL_ENABLED: '1' }, '--ssl_enabled needs --ssl_cert_file and --ssl_key_file'],
      [
        settings({ LIBPROCESS_SSL_CERT_FILE: file('none') }),
        `--ssl_cert_file: ${file('none')} cannot be read (ENOENT)`,
      ],
      [settings({ LIBPROCESS_SSL_CERT_FILE: folder }), 'cannot be read (it is no file)'],
      [settings({ LIBPROCESS_SSL_CERT_FILE: file('huge.pem') }), 'it is larger than 1048576 bytes'],
      [
        settings({ LIBPROCESS_SSL_CERT_FILE: file('garbage.pem') }),
        'garbage.pem holds no certificate in PEM',
      ],
      [
        settings({ LIBPROCESS_SSL_CERT_FILE: file('broken.pem') }),
        'holds a certificate that cannot be read',
      ],
      [
        settings({
          LIBPROCESS_SSL_CERT_FILE: expired.certificate,
          LIBPROCESS_SSL_KEY_FILE: expired.key,
        }),
        `--ssl_cert_file: the certificate in ${expired.certificate} has expired on 20`,
      ],
      [
        settings({ LIBPROCESS_SSL_KEY_FILE: expired.key }),
        `--ssl_key_file: the key in ${expired.key} does not fit the certificate in ${own.certificate}`,
      ],
      [
        settings({ LIBPROCESS_SSL_KEY_FILE: file('garbage.pem') }),
        'garbage.pem holds no private key in PEM',
      ],
      [
        settings({ LIBPROCESS_SSL_KEY_FILE: file('encrypted.pem') }),
        'is encrypted; expected one without a passphrase',
      ],
      [
        settings({ LIBPROCESS_SSL_CIPHERS: 'NONE-SUCH' }),
        "--ssl_ciphers: OpenSSL knows none of 'NONE-SUCH'",
      ],
      [
        settings({ LIBPROCESS_SSL_ECDH_CURVE: 'P-1' }),
        "--ssl_ecdh_curve: OpenSSL does not know 'P-1'",
      ],
      [settings({ LIBPROCESS_SSL_ENABLE_TLS_V1_2: '0' }), 'no version of TLS is enabled'],
      [
        settings({ LIBPROCESS_SSL_VERIFY_SERVER_CERT: '1' }),
        '--ssl_verify_server_cert needs --ssl_ca_file or --ssl_ca_dir',
      ],
      [
        settings({ LIBPROCESS_SSL_REQUIRE_CLIENT_CERT: '1' }),
        '--ssl_require_client_cert needs --ssl_ca_file or --ssl_ca_dir',
      ],
      [settings({ LIBPROCESS_SSL_CA_FILE: file('garbage.pem') }), '--ssl_ca_file: '],
      [settings({ LIBPROCESS_SSL_CA_DIR: file('empty') }), '--ssl_ca_dir: no file of'],
      [settings({ LIBPROCESS_SSL_CA_DIR: file('none') }), '--ssl_ca_dir: '],
      [{ SSL_ENABLED: 'true' }, 'expected LIBPROCESS_SSL_ENABLED'],
    ];
    for (const [environment, line] of lines) {
      const failure = await server(environment).catch((error) => error);
      expect(failure, line).toBeInstanceOf(FlagError);
      expect(failure.message).toContain(line);
      expect(failure.message).not.toContain('\n');
    }
    expect(() => valuesOf({ LIBPROCESS_SSL_ENABLE_SSL_V3: '1' })).toThrow('not supported');
  });

  test('is told where its master is, in one way with its own', async () => {
    await expect(server({}, 'https://one:5050')).rejects.toThrow('needs --ssl_enabled');
    await expect(server(settings(), 'http://one:5050')).rejects.toThrow('is not encrypted');
    const both = settings({ LIBPROCESS_SSL_SUPPORT_DOWNGRADE: '1' });
    expect(await server(both, 'http://one:5050')).toBeInstanceOf(TlsCarriers);
    expect(await server(settings(), 'one:5050')).toBeInstanceOf(TlsCarriers);
  });
});

describe('a command', () => {
  const client = async (environment: Environment, text: string) => {
    const carriers = await clientCarriers(valuesOf(environment), environment, {
      name: 'master',
      text,
    });
    return carriers === plainCarriers ? 'plain' : 'encrypted';
  };

  test('encrypts where its master is at https://, and needs no certificate for that', async () => {
    expect(await client({}, 'one:5050')).toBe('plain');
    expect(await client({}, 'https://one:5050')).toBe('encrypted');
    expect(await client({ LIBPROCESS_SSL_ENABLED: 'true' }, 'one:5050')).toBe('encrypted');
    await expect(
      client({ LIBPROCESS_SSL_CERT_FILE: own.certificate }, 'https://one:5050'),
    ).rejects.toThrow('--ssl_cert_file and --ssl_key_file go together');
  });
});

test('other programs get the same settings as flags', () => {
  const environment = settings({ LIBPROCESS_SSL_CA_DIR: folder });
  const values = valuesOf(environment);
  const again = parseFlags(TLS_FLAGS, { argv: tlsArguments(values), environment: {} });
  expect(again.values).toEqual(values);
  expect(tlsArguments(valuesOf({}))).toEqual([]);
});
