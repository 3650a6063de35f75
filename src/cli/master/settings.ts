// The settings of a master: all flags are read before anything is started, and all faults reported
// together.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Authentication } from '../../http/server/authentication.ts';
import { type AuthenticatorName, authenticationOf } from '../../http/server/authenticators.ts';
import { Credentials } from '../../http/server/credentials.ts';
import type { Carriers } from '../../http/transport/carriers.ts';
import type { Page } from '../../http/webui/page.ts';
import type { MasterOptions } from '../../master/options.ts';
import { ExchangedAuthorizer } from '../../security/exchanged-authorizer.ts';
import type { ZooKeeperUrl } from '../../zookeeper/zookeeper-url.ts';
import { FlagError, MissingFlagError } from '../flags/faults.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { aclsFile, authorizerOf, credentialsFile, refuseUnasked } from '../process/access.ts';
import { AccessFiles } from '../process/access-files.ts';
import { serverCarriers } from '../process/carriers.ts';
import { cramMd5Verifier } from '../process/cram-md5.ts';
import { readCredentials } from '../process/credentials.ts';
import { exposureWarnings } from '../process/exposure.ts';
import {
  NO_ADDRESS,
  type PublishedAddress,
  publishedAddress,
} from '../process/published-address.ts';
import { logFolder, serverStart } from '../process/server-process.ts';
import { tlsWarnings } from '../process/tls-warnings.ts';
import { writableFolder } from '../process/writable-folder.ts';
import {
  REGISTRY_FILE,
  type RegistryKind,
  registryFile,
  registryFolder,
  registryKind,
} from '../registry-place.ts';
import { zooKeeperUrlOf } from '../zookeeper-flag.ts';
import type { MASTER_FLAGS } from './flags.ts';
import { type MasterFlagValues, masterOptions } from './options.ts';
import { pageSettings } from './page.ts';
import { type RegistryPlace, registryBounds } from './registry-engine.ts';

export interface MasterSettings {
  readonly address: PublishedAddress;
  readonly options: MasterOptions;
  readonly authentication: Authentication;
  /** Those of --credentials. */
  readonly credentials: Credentials;
  readonly carriers: Carriers;
  /** Where masters elect one of themselves; undefined: this one is alone. */
  readonly ensemble: ZooKeeperUrl | undefined;
  readonly registry: RegistryPlace;
  /** What of the access can be exchanged while the master runs. */
  readonly accessFiles: AccessFiles;
  /** What browsers are shown; undefined: nothing. */
  readonly page: Page | undefined;
  /** Lines for the log. */
  readonly warnings: readonly string[];
}

/** Creates the work directory. Throws one FlagError. */
export async function masterSettings(
  parsed: ParsedFlags<typeof MASTER_FLAGS>,
): Promise<MasterSettings> {
  const { values, faults } = parsed;
  const address = await faults.readLater(() => publishedAddress(values));
  const options = faults.read(() =>
    masterOptions(values, serverStart(parsed, address.or(NO_ADDRESS))),
  );
  const authorizer = faults.read(() => authorizerOf(values.acls));
  const operators = values.http_authenticators as readonly AuthenticatorName[];
  const frameworks = values.http_framework_authenticators as readonly AuthenticatorName[];
  faults.read(() => refuseUnasked('http_authenticators', operators, values));
  faults.read(() => refuseUnasked('http_framework_authenticators', frameworks, values));
  const isBasic = operators.includes('basic');
  const read = faults.dependent('credentials', () =>
    readCredentials('credentials', values.credentials, {
      authenticate_http_readonly: values.authenticate_http_readonly && isBasic,
      authenticate_http_readwrite: values.authenticate_http_readwrite && isBasic,
      authenticate_http_frameworks:
        values.authenticate_http_frameworks && frameworks.includes('basic'),
      authenticate_agents: values.authenticate_agents,
    }),
  );
  const ensemble = faults.read(() =>
    values.zk === undefined ? undefined : zooKeeperUrlOf('zk', values.zk),
  );
  const kind = faults.read(() => registryKind(values));
  const folder = faults.read(() =>
    zooKeeperFolder(ensemble.or(undefined), values.zk_registry_path),
  );
  if (values.zk_registry_path !== undefined && values.zk === undefined) {
    faults.tell('--zk_registry_path needs --zk, which names the ensemble', 'zk_registry_path');
  }
  const isKept = values.registry !== 'in_memory';
  const work = faults.dependent('work_dir', () =>
    workFolder(values.work_dir, { isKept, isNeeded: isKept && values.zk === undefined }),
  );
  faults.read(() => logFolder(values.log_dir));
  const carriers = await faults.readLater(() => serverCarriers(values, process.env));
  const shown = await faults.readLater(() => pageSettings(values));
  faults.end();
  const { warnings } = read.value;
  const credentials = new Credentials(read.value.credentials);
  const exchanged = new ExchangedAuthorizer(authorizer.value);
  const registry = placeOf(kind.value, {
    file: work.value === undefined ? undefined : registryFile(work.value),
    url: ensemble.value,
    folder: folder.value,
  });
  return {
    address: address.value,
    options: {
      ...options.value,
      ...registryBounds(registry),
      authorizer: exchanged,
      verifier: cramMd5Verifier(credentials),
    },
    accessFiles: new AccessFiles([
      ...aclsFile(parsed.files.get('acls'), exchanged),
      ...credentialsFile('credentials', values.credentials, credentials),
    ]),
    carriers: carriers.value,
    credentials,
    authentication: {
      ...authenticationOf(
        {
          'mesos-master-readonly': values.authenticate_http_readonly,
          'mesos-master-readwrite': values.authenticate_http_readwrite,
        },
        { names: operators, credentials },
      ),
      ...authenticationOf(
        { 'mesos-master-scheduler': values.authenticate_http_frameworks },
        { names: frameworks, credentials },
      ),
    },
    ensemble: ensemble.value,
    registry,
    page: shown.value.page,
    warnings: [
      ...warnings,
      ...shown.value.warnings,
      ...tlsWarnings(values, process.env),
      ...loopbackWarnings(ensemble.value, address.value),
      ...leftRegistryWarnings(registry, work.value),
      ...exposureWarnings(address.value.listenIp, values, {
        'authentication of frameworks': values.authenticate_http_frameworks,
        'authentication of agents': values.authenticate_agents,
      }),
    ],
  };
}

/** What is published in ZooKeeper is where agents and the other masters look for this one. */
const loopbackWarnings = (ensemble: ZooKeeperUrl | undefined, { ip }: PublishedAddress) =>
  ensemble !== undefined && ip.startsWith('127.')
    ? [`It is published in ZooKeeper as ${ip}, which is found from this machine only: see --ip`]
    : [];

/** Who adds --zk to a master that was alone may not know that its registry does not come along. */
const leftRegistryWarnings = ({ type }: RegistryPlace, workFolder: string | undefined) =>
  type === 'zookeeper' && workFolder !== undefined && existsSync(registryFile(workFolder))
    ? [
        `${registryFile(workFolder)} is the registry of a master without --zk, and is not read: ` +
          'mesoscale registry export and import move it to ZooKeeper; remove it where that is done',
      ]
    : [];

/** Undefined where the masters do not meet in ZooKeeper. Throws FlagError. */
const zooKeeperFolder = (
  url: ZooKeeperUrl | undefined,
  path: string | undefined,
): string | undefined => (url === undefined ? undefined : registryFolder(url, path));

interface Places {
  readonly file: string | undefined;
  readonly url: ZooKeeperUrl | undefined;
  readonly folder: string | undefined;
}

function placeOf(kind: RegistryKind, { file, url, folder }: Places): RegistryPlace {
  if (kind === 'sqlite' && file !== undefined) {
    return { type: 'sqlite', file };
  }
  return kind === 'zookeeper' && url !== undefined && folder !== undefined
    ? { type: 'zookeeper', url, folder }
    : { type: 'memory' };
}

function workFolder(
  path: MasterFlagValues['work_dir'],
  { isKept, isNeeded }: { readonly isKept: boolean; readonly isNeeded: boolean },
): string | undefined {
  if (path === undefined) {
    if (isNeeded) {
      throw new MissingFlagError('--work_dir is required: the folder of the registry');
    }
    return undefined;
  }
  const folder = writableFolder('work_dir', path);
  if (isKept) {
    refuseReplicatedLog(folder);
  }
  return folder;
}

/**
 * Refuses a folder with the registry of a master of Apache Mesos: to start empty beside it would
 * silently lose its agents.
 */
function refuseReplicatedLog(folder: string): void {
  const isForeign =
    existsSync(join(folder, 'replicated_log')) && !existsSync(join(folder, REGISTRY_FILE));
  if (isForeign) {
    throw new FlagError(
      `--work_dir: ${folder} holds the replicated log of Apache Mesos, which cannot be read; choose another folder`,
    );
  }
}
