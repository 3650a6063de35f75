// The settings of an agent: all flags are read before anything is started, and all faults reported
// together.
import type { AgentOptions } from '../../agent/options.ts';
import type { FetchOptions } from '../../containerizer/fetcher/fetcher.ts';
import type { IsolatorOptions } from '../../containerizer/isolators/isolators.ts';
import type { NetworkOptions } from '../../containerizer/networks/open-networks.ts';
import type { CapabilityDefaults } from '../../containerizer/plan/capabilities.ts';
import type { ContainerLogger } from '../../containerizer/plan/container-logger.ts';
import type { SecretResolver } from '../../containerizer/secrets/secret-resolver.ts';
import type { Authentication } from '../../http/server/authentication.ts';
import type { Carriers } from '../../http/transport/carriers.ts';
import type { Value_Range } from '../../model/generated/messages.ts';
import { ExchangedAuthorizer } from '../../security/exchanged-authorizer.ts';
import { executorAuthorizer } from '../../security/executor-authorizer.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { type MasterPlace, parseMasterFlag } from '../master-flag.ts';
import { aclsFile, authorizerOf } from '../process/access.ts';
import { AccessFiles } from '../process/access-files.ts';
import { serverCarriers } from '../process/carriers.ts';
import { exposureWarnings } from '../process/exposure.ts';
import {
  NO_ADDRESS,
  type PublishedAddress,
  publishedAddress,
} from '../process/published-address.ts';
import { logFolder, serverStart } from '../process/server-process.ts';
import { tlsWarnings } from '../process/tls-warnings.ts';
import { agentAccess } from './access.ts';
import { boundsWarnings, capabilityDefaults } from './capabilities.ts';
import { loggerOf } from './container-logger.ts';
import { makePathDisks, refuseOverlaps, refuseUnmounted } from './disks.ts';
import { fetchOptions } from './fetching.ts';
import type { AGENT_FLAGS } from './flags.ts';
import { helperWarnings, type ImageSettings, imageSettings } from './images.ts';
import { isolatorOptions } from './isolators.ts';
import { networkOptions } from './networks.ts';
import { agentOptions, refuseForeignAgent, workDirOf } from './options.ts';
import { secretResolver } from './secrets.ts';
import { volumeGidRanges } from './volume-gids.ts';

export interface AgentSettings {
  readonly address: PublishedAddress;
  /** The host may be a name that has no address yet. */
  readonly master: MasterPlace;
  readonly options: AgentOptions;
  readonly authentication: Authentication;
  readonly carriers: Carriers;
  /** Of containers. */
  readonly capabilities: CapabilityDefaults;
  readonly isolators: IsolatorOptions;
  readonly fetching: FetchOptions;
  /** The groups for volumes that containers of several users share; undefined: none. */
  readonly volumeGids: readonly Value_Range[] | undefined;
  /** Undefined: containers can have no images. */
  readonly images: ImageSettings | undefined;
  /** Those that containers can have of their own. */
  readonly networks: NetworkOptions;
  /** Undefined: secrets by reference are refused. */
  readonly secrets: SecretResolver | undefined;
  /** What keeps the output of containers; undefined: plain files. */
  readonly containerLogger: ContainerLogger | undefined;
  /** What of the access can be exchanged while the agent runs. */
  readonly accessFiles: AccessFiles;
  /** Lines for the log. */
  readonly warnings: readonly string[];
}

/** Creates and locks the work directory. Throws one FlagError. */
export async function agentSettings(
  parsed: ParsedFlags<typeof AGENT_FLAGS>,
): Promise<AgentSettings> {
  const { values, faults } = parsed;
  const named = faults.required('master', values.master, 'host:port of the master');
  const folder = faults.required(
    'work_dir',
    values.work_dir,
    'the folder of sandboxes and of what is kept',
  );
  const master = faults.read(() => parseMasterFlag(named.value));
  const address = await faults.readLater(() => publishedAddress(values));
  const workDir = faults.read(() => workDirOf(folder.value));
  faults.read(() => refuseForeignAgent(workDir.value));
  const capabilities = faults.read(() => capabilityDefaults(values));
  const containerLogger = faults.read(() => loggerOf(values));
  const options = faults.read(() =>
    agentOptions(values, {
      ...serverStart(parsed, address.or(NO_ADDRESS)),
      workDir: workDir.or('/'),
      capabilities: capabilities.or({}),
    }),
  );
  const isolators = faults.read(() =>
    isolatorOptions(
      values,
      () => options.value.resources,
      () => workDir.value,
    ),
  );
  const fetching = faults.read(() => fetchOptions(values, workDir.value, process.env));
  const volumeGids = faults.read(() => volumeGidRanges(values.volume_gid_range));
  const images = faults.read(() => imageSettings(values, workDir.value));
  const networks = faults.read(() =>
    networkOptions(values, workDir.value, () => options.value.resources),
  );
  const secrets = await faults.readLater(() => secretResolver(values.secret_resolver));
  faults.read(() => refuseUnmounted(options.value.resources));
  faults.read(() => refuseOverlaps(options.value.resources, workDir.value));
  faults.read(() => makePathDisks(options.value.resources, workDir.value));
  const authorizer = faults.read(() => authorizerOf(values.acls));
  const access = faults.dependent('http_credentials', () => agentAccess(values));
  faults.read(() => logFolder(values.log_dir));
  const carriers = await faults.readLater(() =>
    serverCarriers(values, process.env, { name: 'master', text: values.master }),
  );
  faults.end();
  const { authentication, tokenFor, files, warnings } = access.value;
  const exchanged = new ExchangedAuthorizer(authorizer.value);
  return {
    address: address.value,
    master: master.value,
    options: { ...options.value, authorizer: executorAuthorizer(exchanged), tokenFor },
    accessFiles: new AccessFiles([...aclsFile(parsed.files.get('acls'), exchanged), ...files]),
    carriers: carriers.value,
    capabilities: capabilities.value,
    isolators: isolators.value,
    fetching: fetching.value,
    volumeGids: volumeGids.value,
    images: images.value,
    networks: networks.value,
    secrets: secrets.value,
    containerLogger: containerLogger.value,
    authentication,
    warnings: [
      ...warnings,
      ...helperWarnings(images.value?.logins ?? []),
      ...boundsWarnings(values),
      ...tlsWarnings(values, process.env),
      ...exposureWarnings(address.value.listenIp, values, {
        'authentication of executors': values.authenticate_http_executors,
      }),
    ],
  };
}
