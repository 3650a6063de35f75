// The process limits (setrlimit) that a ContainerInfo asks for.
import { enumNames } from '../../model/enum-names.ts';
import {
  type RLimitInfo,
  type RLimitInfo_RLimit,
  RLimitInfo_RLimit_Type,
} from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';

type Amount = number | 'unlimited';

const nameOf = enumNames(RLimitInfo_RLimit_Type);

export interface ResourceLimit {
  /** The kernel's name without `RLIMIT_`, such as `NOFILE`. */
  readonly name: string;
  /** In the kernel's unit of the limit. */
  readonly soft: Amount;
  readonly hard: Amount;
}

/**
 * Throws ContainerizerError for a limit that cannot be set on any machine, or not on this one,
 * whose `bounds` are by the names of limits.
 */
export const resourceLimits = (
  { rlimits = [] }: RLimitInfo,
  bounds: ReadonlyMap<string, number> = NO_BOUNDS,
): readonly ResourceLimit[] =>
  rlimits.map((asked) => {
    const limit = resourceLimit(asked);
    const { name, hard } = limit;
    const bound = bounds.get(name) ?? Number.POSITIVE_INFINITY;
    if (hard === 'unlimited' ? bound !== Number.POSITIVE_INFINITY : hard > bound) {
      throw invalid(`RLMT_${name} is at most ${bound} on this machine, and not ${hard}`);
    }
    return limit;
  });

/** A runtime sets the limits for itself first, and then opens files and writes down how it goes. */
const LEAST_FOR_RUNTIME: ReadonlyMap<string, number> = new Map([
  ['NOFILE', 32],
  ['FSIZE', 4096],
]);

/** Throws ContainerizerError for a limit with which an OCI runtime could start no container. */
export function requireRuntimeLimits(limits: readonly ResourceLimit[]): void {
  for (const { name, soft } of limits) {
    const least = LEAST_FOR_RUNTIME.get(name) ?? 0;
    if (soft !== 'unlimited' && soft < least) {
      throw invalid(
        `RLMT_${name} is at least ${least} in a container with namespaces of its own, as the OCI ` +
          `runtime starts under it, and not ${soft}`,
      );
    }
  }
}

const NO_BOUNDS: ReadonlyMap<string, number> = new Map();

function resourceLimit(limit: RLimitInfo_RLimit): ResourceLimit {
  const { type, soft, hard } = limit;
  const typeName = nameOf(type);
  if (typeName === undefined || type === RLimitInfo_RLimit_Type.UNKNOWN) {
    throw invalid(`'type' is missing or not known`);
  }
  if ((soft === undefined) !== (hard === undefined)) {
    throw invalid(`${typeName} needs both 'soft' and 'hard', or neither to be unlimited`);
  }
  if (soft !== undefined && hard !== undefined && soft > hard) {
    throw invalid(`${typeName} has a 'soft' of ${soft}, which is above its 'hard' of ${hard}`);
  }
  const name = typeName.slice('RLMT_'.length);
  return { name, soft: soft ?? 'unlimited', hard: hard ?? 'unlimited' };
}

const invalid = (why: string) => new ContainerizerError(`'container.rlimit_info.rlimits': ${why}`);
