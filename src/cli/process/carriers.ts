// The carriers of a program's connections, as its flags say: one pair for everything in it that
// accepts or opens connections.
import type { MasterAddress } from '../../coordination/static-detector.ts';
import { type Carriers, plainCarriers } from '../../http/transport/carriers.ts';
import {
  TLS_VERSIONS,
  TlsSettingError,
  type TlsSettings,
  type TlsVersion,
} from '../../http/transport/tls-settings.ts';
import type { LeadingMaster } from '../../model/leading-master.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { flagTexts } from '../flags/print.ts';
import { TLS_FLAGS } from './tls-flags.ts';

export type TlsFlagValues = FlagValues<typeof TLS_FLAGS>;

/** A flag that says where to connect to: its name, and its text as it was given. */
interface ServerFlag {
  readonly name: 'master' | 'agent';
  readonly text: string | undefined;
}

/** A server that was looked up: its certificate has its name, and it is dialled by its address. */
export function expectName(carriers: Carriers, { host, ip, port }: MasterAddress): void {
  if (host !== ip) {
    carriers.expect?.(`${ip}:${port}`, host);
  }
}

/**
 * As `expectName`, of a master that was detected, whose `ip:port` this is. Undefined for one that
 * has none.
 */
export function expectLeader(
  carriers: Carriers,
  { pid, hostname }: LeadingMaster,
): string | undefined {
  const at = parsePid(pid);
  if (at === undefined) {
    return undefined;
  }
  if (hostname !== undefined) {
    expectName(carriers, { host: hostname, ip: at.host, port: at.port });
  }
  return addressOf(at);
}

/** The variable by which old programs of Mesos were told to encrypt their connections. */
const OLD_VARIABLE = 'SSL_ENABLED';
const IS_ON = /^(?:1|true)$/;

/**
 * The carriers of a master or agent, which shows a certificate. `server` is where it connects to.
 * Rejects with FlagError.
 */
export async function serverCarriers(
  values: TlsFlagValues,
  environment: NodeJS.ProcessEnv,
  server?: ServerFlag,
): Promise<Carriers> {
  refuseOldVariable(environment);
  if (server !== undefined && isHttps(server) && !values.ssl_enabled) {
    throw new FlagError(`--${server.name}=https://… needs --ssl_enabled`);
  }
  if (!values.ssl_enabled) {
    return plainCarriers;
  }
  if (values.ssl_cert_file === undefined || values.ssl_key_file === undefined) {
    throw new FlagError(
      '--ssl_enabled needs --ssl_cert_file and --ssl_key_file: a certificate to show, and its key',
    );
  }
  return tlsCarriers(values, server);
}

/**
 * The carriers of a command, which need not have a certificate. Where the flag about its server has
 * https:// in it, connections are encrypted, too. Rejects with FlagError.
 */
export async function clientCarriers(
  values: TlsFlagValues,
  environment: NodeJS.ProcessEnv,
  server: ServerFlag,
): Promise<Carriers> {
  refuseOldVariable(environment);
  return values.ssl_enabled || isHttps(server) ? tlsCarriers(values, server) : plainCarriers;
}

const isHttps = ({ text = '' }: ServerFlag) => /^\s*https:/.test(text);
const isHttp = ({ text = '' }: ServerFlag) => /^\s*http:/.test(text);

async function tlsCarriers(
  values: TlsFlagValues,
  server: ServerFlag | undefined,
): Promise<Carriers> {
  if (server !== undefined && isHttp(server) && !values.ssl_support_downgrade) {
    throw new FlagError(`--${server.name}=http://… is not encrypted, but --ssl_enabled is on`);
  }
  const settings = settingsOf(values);
  // Loaded where it is used: without it, programs start sooner.
  const { openTls } = await import('../../http/transport/tls.ts');
  try {
    return await openTls(settings);
  } catch (error) {
    throw error instanceof TlsSettingError
      ? new FlagError(`--${error.message}`, { cause: error })
      : error;
  }
}

function settingsOf(values: TlsFlagValues): TlsSettings {
  const { ssl_cert_file: certFile, ssl_key_file: keyFile } = values;
  const { ssl_ca_file: caFile, ssl_ca_dir: caDir, ssl_crl_file: crlFile } = values;
  const requiresClients = values.ssl_require_client_cert;
  const verifiesServers = values.ssl_verify_server_cert || requiresClients;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new FlagError('--ssl_cert_file and --ssl_key_file go together');
  }
  if (verifiesServers && caFile === undefined && caDir === undefined) {
    const flag = requiresClients ? 'ssl_require_client_cert' : 'ssl_verify_server_cert';
    throw new FlagError(
      `--${flag} needs --ssl_ca_file or --ssl_ca_dir: the authorities that are believed`,
    );
  }
  return {
    files: { certFile, keyFile, caFile, caDir, crlFile },
    terms: {
      ciphers: values.ssl_ciphers,
      curves: values.ssl_ecdh_curve,
      versions: TLS_VERSIONS.filter((version) => isEnabled(version, values)),
    },
    trust: {
      verifiesServers,
      requiresClients,
      depth: values.ssl_verify_depth,
      verifiesIp: values.ssl_verify_ipadd,
      scheme: values.ssl_hostname_validation_scheme,
    },
    downgrades: values.ssl_support_downgrade,
  };
}

function isEnabled(version: TlsVersion, values: TlsFlagValues): boolean {
  return {
    TLSv1: values.ssl_enable_tls_v1_0,
    'TLSv1.1': values.ssl_enable_tls_v1_1,
    'TLSv1.2': values.ssl_enable_tls_v1_2,
    'TLSv1.3': values.ssl_enable_tls_v1_3,
  }[version];
}

/** A program that should encrypt must not run without. */
function refuseOldVariable(environment: NodeJS.ProcessEnv): void {
  if (IS_ON.test(environment[OLD_VARIABLE] ?? '')) {
    throw new FlagError(
      `${OLD_VARIABLE} in the environment is an old name: expected LIBPROCESS_${OLD_VARIABLE}, ` +
        'and the same before the other SSL_…',
    );
  }
}

/** The flags by which another program of ours gets the same settings. */
export const tlsArguments = (values: TlsFlagValues): readonly string[] =>
  values.ssl_enabled
    ? Object.entries(flagTexts(TLS_FLAGS, values, new Map())).map(
        ([name, text]) => `--${name}=${text}`,
      )
    : [];

/**
 * What executors of frameworks need to know of an agent that takes nothing but TLS. Its certificate
 * is its own: theirs comes from an operator. Tasks of built-in executors are not told: a program
 * that uses libprocess would not start without a certificate.
 */
export function tlsEnvironment(values: TlsFlagValues): Record<string, string> {
  if (!values.ssl_enabled || values.ssl_support_downgrade) {
    return {};
  }
  const { ssl_ca_file, ssl_ca_dir } = values;
  return {
    LIBPROCESS_SSL_ENABLED: 'true',
    ...(ssl_ca_file !== undefined && { LIBPROCESS_SSL_CA_FILE: ssl_ca_file }),
    ...(ssl_ca_dir !== undefined && { LIBPROCESS_SSL_CA_DIR: ssl_ca_dir }),
  };
}
