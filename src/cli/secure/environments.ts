// The files of variables that masters, agents and commands are started with: for shells and for
// EnvironmentFile= of systemd.
import { FlagError } from '../flags/faults.ts';
import { executorFiles, hostFiles, type KeyPair, type Layout, principalFiles } from './layout.ts';

/** In both of them, these need no quotes. */
const PLAIN_PATH = /^[\p{L}\p{N}/._+@,:=-]+$/u;

/** Throws FlagError. */
export function requirePlain(flag: string, path: string): void {
  if (!PLAIN_PATH.test(path)) {
    throw new FlagError(
      `${flag} expects a path without blanks, quotes and other signs that shells read, got '${path}'`,
    );
  }
}

type Variables = Readonly<Record<string, string>>;

const textOf = (variables: Variables) =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const TLS = 'LIBPROCESS_SSL_';

const tlsVariables = ({ authority }: Layout, { certificate, key }: KeyPair): Variables => ({
  [`${TLS}ENABLED`]: 'true',
  [`${TLS}CERT_FILE`]: certificate,
  [`${TLS}KEY_FILE`]: key,
  [`${TLS}CA_FILE`]: authority.certificate,
  [`${TLS}VERIFY_SERVER_CERT`]: 'true',
  [`${TLS}REQUIRE_CLIENT_CERT`]: 'true',
  [`${TLS}HOSTNAME_VALIDATION_SCHEME`]: 'openssl',
  [`${TLS}VERIFY_IPADD`]: 'true',
});

/** Of a machine, for master and agent. */
export const hostEnvironment = (layout: Layout, name: string): string =>
  textOf(tlsVariables(layout, hostFiles(layout.host(name))));

const READERS_AND_WRITERS: Variables = {
  MESOS_AUTHENTICATE_HTTP_READONLY: 'true',
  MESOS_AUTHENTICATE_HTTP_READWRITE: 'true',
};

export const masterEnvironment = ({ acls, credentials }: Layout): string =>
  textOf({
    ...READERS_AND_WRITERS,
    MESOS_ACLS: acls,
    MESOS_AUTHENTICATE_AGENTS: 'true',
    MESOS_AUTHENTICATE_FRAMEWORKS: 'true',
    MESOS_AUTHENTICATE_HTTP_FRAMEWORKS: 'true',
    MESOS_CREDENTIALS: credentials,
    MESOS_HTTP_FRAMEWORK_AUTHENTICATORS: 'basic',
  });

/** Of agents that work as a principal. */
export const agentEnvironment = (layout: Layout, principal: string): string =>
  textOf({
    ...READERS_AND_WRITERS,
    MESOS_ACLS: layout.acls,
    MESOS_AUTHENTICATE_HTTP_EXECUTORS: 'true',
    MESOS_EXECUTOR_ENVIRONMENT_VARIABLES: `file://${layout.executorVariables}`,
    MESOS_CREDENTIAL: principalFiles(layout.principal(principal)).credential,
    MESOS_HTTP_AUTHENTICATORS: 'basic,jwt',
    MESOS_HTTP_CREDENTIALS: layout.httpCredentials,
    MESOS_JWT_SECRET_KEY: layout.executorKey,
  });

/** What executors of frameworks find in their environment: they speak TLS with their agent. */
export function executorVariables({ executors }: Layout): string {
  const { authority, certificate, key } = executorFiles(executors);
  return `${JSON.stringify(
    {
      [`${TLS}CA_FILE`]: authority,
      [`${TLS}CERT_FILE`]: certificate,
      [`${TLS}KEY_FILE`]: key,
      // With variables of their own, executors do not get the agent's.
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    },
    null,
    2,
  )}\n`;
}

/** Of commands that frameworks, operators, viewers and monitors give. */
export function clientEnvironment(layout: Layout, principal: string): string {
  const files = principalFiles(layout.principal(principal));
  return textOf({
    ...tlsVariables(layout, files),
    MESOS_PRINCIPAL: principal,
    MESOS_SECRET: `file://${files.secret}`,
  });
}
