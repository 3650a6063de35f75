// Which capabilities a framework would need to take an agent, or what is free of it. The module
// only knows bits: it says that some are missing, and not which.
import {
  FrameworkInfo_Capability_Type as FrameworkCapability,
  type Resource,
} from '../model/generated/messages.ts';
import type { AllocatorOptions, FrameworkTerms } from './interface.ts';

interface OfferedAgent {
  readonly isRemote: boolean;
  readonly total: readonly Resource[];
  readonly free: readonly Resource[];
}

export function lackedCapabilities(
  { capabilities }: Pick<FrameworkTerms, 'capabilities'>,
  { filterGpuResources }: Pick<AllocatorOptions, 'filterGpuResources'>,
  { isRemote, total, free }: OfferedAgent,
): FrameworkCapability[] {
  const needed: FrameworkCapability[] = [];
  if (filterGpuResources && total.some(({ name, scalar }) => name === 'gpus' && scalar)) {
    needed.push(FrameworkCapability.GPU_RESOURCES);
  }
  if (isRemote) {
    needed.push(FrameworkCapability.REGION_AWARE);
  }
  if (free.some(({ revocable }) => revocable !== undefined)) {
    needed.push(FrameworkCapability.REVOCABLE_RESOURCES);
  }
  if (free.some(({ shared }) => shared !== undefined)) {
    needed.push(FrameworkCapability.SHARED_RESOURCES);
  }
  if (free.some(({ reservations }) => (reservations?.length ?? 0) > 1)) {
    needed.push(FrameworkCapability.RESERVATION_REFINEMENT);
  }
  return needed.filter((it) => !capabilities.includes(it));
}
