// linux/capabilities: the privileges of the kernel that a container has, and can have.
import { type CapabilityDefaults, capabilitiesOf } from '../plan/capabilities.ts';
import { containerInfoOf } from '../plan/request.ts';
import type { Isolator } from './isolator.ts';

export const linuxCapabilities = (defaults: CapabilityDefaults): Isolator => ({
  name: 'linux/capabilities',
  contribute: (plan, request) => ({
    ...plan,
    capabilities: capabilitiesOf(containerInfoOf(request)?.linux_info ?? {}, defaults),
  }),
});
