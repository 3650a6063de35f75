import { expect, test } from 'vitest';
import { parseFlags, readFlags } from '../../src/cli/flags/parse.ts';
import { MASTER_FLAGS } from '../../src/cli/master/flags.ts';
import { masterSettings } from '../../src/cli/master/settings.ts';
import { exposureWarnings } from '../../src/cli/process/exposure.ts';
import { tlsWarnings } from '../../src/cli/process/tls-warnings.ts';

function warnings(listenIp: string, ...argv: string[]): string {
  const { values } = parseFlags(MASTER_FLAGS, { argv, environment: {} });
  return exposureWarnings(listenIp, values, {
    'authentication of agents': values.authenticate_agents,
  }).join('\n');
}

const CLOSED = [
  '--ssl_enabled',
  '--authenticate_http_readonly',
  '--authenticate_http_readwrite',
  '--authenticate_agents',
  '--acls={"permissive": false}',
];

test('a program that strangers reach says what it does without, in one line', () => {
  expect(warnings('0.0.0.0')).toBe(
    'OPEN TO STRANGERS: it listens on 0.0.0.0, beyond this machine, without TLS, ' +
      'authentication of readers, authentication of writers, authentication of agents, access control lists. ' +
      'To close it: mesoscale secure init',
  );
  expect(warnings('10.0.0.1', ...CLOSED)).toBe('');
  for (const flag of CLOSED) {
    const others = CLOSED.filter((each) => each !== flag);
    expect(warnings('10.0.0.1', ...others), flag).toContain('OPEN TO STRANGERS');
  }
});

test('plain connections beside encrypted ones are as good as none', () => {
  expect(warnings('10.0.0.1', ...CLOSED, '--ssl_support_downgrade')).toContain('without TLS.');
});

test('who listens on the loopback only is reached from this machine only', () => {
  expect(warnings('127.0.0.1')).toBe('');
});

test('a master warns of it', async () => {
  const argv = ['--registry=in_memory', '--ip=0.0.0.0', '--no-hostname_lookup'];
  const settings = await masterSettings(readFlags(MASTER_FLAGS, { argv, environment: {} }));
  expect(settings.warnings).toEqual([
    expect.stringMatching(/^OPEN TO STRANGERS: .*authentication of frameworks/),
  ]);
});

test('settings of TLS that do nothing are told', () => {
  const told = (environment: Record<string, string>) =>
    tlsWarnings(parseFlags(MASTER_FLAGS, { argv: [], environment }).values, environment);
  expect(told({ LIBPROCESS_SSL_ENABLE_DOWNGRADE: 'true' })).toEqual([
    expect.stringMatching(/^LIBPROCESS_SSL_ENABLE_DOWNGRADE in the environment is no setting/),
  ]);
  expect(told({ LIBPROCESS_SSL_REQUIRE_CLIENT_CERTS: '1' })[0]).toContain(
    '(did you mean LIBPROCESS_SSL_REQUIRE_CLIENT_CERT?)',
  );
  expect(told({ LIBPROCESS_SSL_CERT_FILE: '/c', LIBPROCESS_SSL_REQUIRE_CERT: '1' })).toEqual([
    '--ssl_cert_file has no effect without --ssl_enabled: connections are not encrypted',
    expect.stringMatching('^--ssl_require_client_cert has no effect'),
  ]);
  expect(told({ LIBPROCESS_SSL_ENABLED: 'true', LIBPROCESS_SSL_CERT_FILE: '/c' })).toEqual([]);
  expect(told({ LIBPROCESS_SSL_VERIFICATION_DEPTH: '3' })).toEqual([]);
});
