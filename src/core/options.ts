// Options of an allocator: defaults are those of a Mesos master without flags, and values that are
// not valid are refused.
import { checkAlternatives, checkList, checkObject } from './arguments.ts';
import {
  BAD_AMOUNT,
  OPTION_FILTER_GPU,
  OPTION_RANDOM_FRAMEWORKS,
  OPTION_RANDOM_ROLES,
} from './constants.ts';
import type { AllocatorOptions } from './interface.ts';
import { accepted, CoreError, type CoreModule, statusError } from './module.ts';
import { checkMinimum, writeMinimum } from './quantities.ts';
import type { ResourceInterner } from './resource-interner.ts';

const DEFAULTS: AllocatorOptions = {
  seed: 0,
  allocationIntervalMs: 1000,
  minAllocatable: [{ cpus: 0.01 }, { mem: 32 }],
  fairnessExcluded: [],
  filterGpuResources: true,
  roleSorter: 'drf',
  frameworkSorter: 'drf',
  regexMaxMemoryBytes: 4096,
  regexMaxProgramSize: 100,
};

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;

export function allocatorOptions(given: Partial<AllocatorOptions>): AllocatorOptions {
  checkObject(given, 'options');
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  const options: AllocatorOptions = { ...DEFAULTS, ...Object.fromEntries(named) };
  for (const name of ['seed', 'regexMaxMemoryBytes', 'regexMaxProgramSize'] as const) {
    if (!isCount(options[name])) {
      throw new CoreError('BAD_ARGUMENT', `${name} is no whole number from 0 up`);
    }
  }
  for (const name of [
    'allocationIntervalMs',
    'recoveryTimeoutMs',
    'agentRecoveryFactor',
  ] as const) {
    const value = options[name] ?? 0;
    if (!(value >= 0 && value < Infinity)) {
      throw statusError(BAD_AMOUNT, name);
    }
  }
  for (const name of ['roleSorter', 'frameworkSorter'] as const) {
    if (options[name] !== 'drf' && options[name] !== 'random') {
      throw new CoreError('BAD_ARGUMENT', `${name} is neither drf nor random`);
    }
  }
  checkList(options.fairnessExcluded, 'fairnessExcluded');
  checkAlternatives(options.minAllocatable, 'minAllocatable');
  checkMinimum(options.minAllocatable);
  return options;
}

/** Configures a new instance for an allocator; must be its first call. */
export function setUp(
  module: CoreModule,
  kinds: ResourceInterner,
  options: AllocatorOptions,
): void {
  const { exports } = module;
  const flags =
    (options.filterGpuResources ? OPTION_FILTER_GPU : 0) |
    (options.roleSorter === 'random' ? OPTION_RANDOM_ROLES : 0) |
    (options.frameworkSorter === 'random' ? OPTION_RANDOM_FRAMEWORKS : 0);
  const high = Math.floor(options.seed / 4294967296);
  const gpus = kinds.name('gpus') + 1;
  accepted(exports.setUp(flags, options.seed >>> 0, high >>> 0, gpus));
  if (options.minAllocatable.length === 0) {
    return;
  }
  writeMinimum(module, kinds, options.minAllocatable);
  accepted(exports.setClusterMinimum());
}
