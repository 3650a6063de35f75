// A link of a container to a network is made, checked and taken away by the plugins of the
// network's list, one after the other.
import { TaskStatus_Reason } from '../../../model/generated/messages.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { FormatError } from '../../images/formats/fields.ts';
import type { NetworkList } from './configuration.ts';
import { UNKNOWN_CONTAINER } from './plugin-failure.ts';
import { type Link, PluginError, type Plugins } from './plugins.ts';
import type { ValidAttachment } from './request.ts';
import { type CniResult, resultIn } from './result.ts';
import { isSince } from './versions.ts';

/** Nobody gives up what has to be done in any case. */
const NEVER = new AbortController().signal;

/**
 * Resolves to what the last plugin answers. Rejects with ContainerizerError, or with the reason of
 * the abort: part of it may have been done then.
 */
export async function addLink(
  plugins: Plugins,
  link: Link,
  namespace: string,
  abort: AbortSignal,
): Promise<CniResult> {
  const { network, folders } = link;
  const what = `attach container ${link.id} to CNI network '${network.name}'`;
  let result: CniResult | undefined;
  let last = '';
  for (const plugin of network.plugins) {
    const answer = await plugins.ask(
      { command: 'ADD', what, plugin, network, folders, link, namespace, prevResult: result },
      abort,
    );
    abort.throwIfAborted();
    result = answeredResult(answer, link);
    last = answer.path;
  }
  if (result === undefined || result.ips.length === 0) {
    throw withoutAddress(last, link, result);
  }
  return result;
}

function answeredResult(
  { path, stdout, cniVersion }: Awaited<ReturnType<Plugins['ask']>>,
  { id, network }: Link,
) {
  try {
    return resultIn(stdout, cniVersion);
  } catch (error) {
    if (error instanceof FormatError || error instanceof WireError) {
      const stage = error instanceof WireError ? 'JSON parse failed: ' : '';
      throw new ContainerizerError(
        `Failed to parse the output of the CNI plugin '${path}', which was to attach container ${id} to CNI ` +
          `network '${network.name}': ${stage}${error.message}`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** As in Mesos, whose executors end then. */
function withoutAddress(path: string, { id, network }: Link, result: CniResult | undefined) {
  const hasPair = result !== undefined && ('ip4' in result.raw || 'ip6' in result.raw);
  return new ContainerizerError(
    `Failed to launch container: The CNI plugin '${path}' gave container ${id} no address in CNI network '${network.name}'` +
      (hasPair
        ? `: results of version ${result.cniVersion} have 'ips', and no 'ip4' or 'ip6'`
        : ''),
    { reason: TaskStatus_Reason.REASON_EXECUTOR_TERMINATED },
  );
}

/**
 * May be repeated. `namespace`: undefined where it is gone. `result`: of `addLink`; undefined where
 * that has not come to its end. Rejects with ContainerizerError where something is left: what was
 * done first is undone last, so that nothing leads to an address that another container may get.
 */
export async function deleteLink(
  plugins: Plugins,
  link: Link,
  namespace: string | undefined,
  result: CniResult | undefined,
): Promise<void> {
  const { network, folders } = link;
  const what = `detach container ${link.id} from CNI network '${network.name}'`;
  const prevResult = isSince(network.cniVersion, '0.4.0') ? result : undefined;
  for (const plugin of network.plugins.toReversed()) {
    const task = { what, plugin, network, folders, link, namespace, prevResult };
    try {
      await plugins.ask({ command: 'DEL', ...task }, NEVER);
    } catch (error) {
      if (!(error instanceof PluginError) || error.pluginCode !== UNKNOWN_CONTAINER) {
        throw error;
      }
    }
  }
}

/** Rejects with ContainerizerError where a plugin finds that something is not as it has made it. */
export async function checkLink(
  plugins: Plugins,
  link: Link,
  namespace: string,
  prevResult: CniResult,
  abort: AbortSignal,
): Promise<void> {
  const { network, folders } = link;
  if (!isSince(network.cniVersion, '0.4.0') || network.disableCheck) {
    return;
  }
  const what = `check container ${link.id} in CNI network '${network.name}'`;
  for (const plugin of network.plugins) {
    const task = { what, plugin, network, folders, link, namespace, prevResult };
    await plugins.ask({ command: 'CHECK', ...task }, abort);
  }
}

export const hasGarbageCollection = ({ cniVersion, disableGC }: NetworkList): boolean =>
  isSince(cniVersion, '1.1.0') && !disableGC;

/**
 * What plugins hold for other attachments than these is given back. All of them are asked, and what
 * failed is told by the errors that it resolves to.
 */
export async function collectGarbage(
  plugins: Plugins,
  network: NetworkList,
  folders: string,
  valid: readonly ValidAttachment[],
): Promise<unknown[]> {
  const errors: unknown[] = [];
  const what = `collect garbage of CNI network '${network.name}'`;
  for (const plugin of network.plugins) {
    const task = { command: 'GC', what, plugin, network, folders, valid } as const;
    await plugins.ask(task, NEVER).catch((error: unknown) => errors.push(error));
  }
  return errors;
}
