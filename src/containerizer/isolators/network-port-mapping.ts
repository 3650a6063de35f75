// network/port_mapping: containers share the agent's address, and each has ports of it, in a
// network of its own. What is nested in a container shares that with it.
import { parentOf } from '../../model/container-id.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { scalarAmount } from '../../model/milli.ts';
import type { PortsAsked } from '../plan/network.ts';
import { portsOf } from '../plan/ports.ts';
import type { Isolator } from './isolator.ts';

export const networkPortMapping: Isolator = {
  name: 'network/port_mapping',
  contribute(plan, { id, kind, network, resources }, { networkAbove }) {
    if (parentOf(id) !== undefined) {
      return networkAbove === undefined || kind === 'debug'
        ? plan
        : { ...plan, namespaces: { ...plan.namespaces, network: 'parent' } };
    }
    const asked = { ...plan, network: portsAsked(resources) };
    return network === undefined
      ? asked
      : {
          ...asked,
          namespaces: { ...plan.namespaces, network: 'own' },
          networkNamespace: network.namespace,
        };
  },
  network: (id, resources) => (parentOf(id) === undefined ? portsAsked(resources) : undefined),
};

/** All that the executor and its tasks have together. */
const portsAsked = (resources: readonly Resource[]): PortsAsked => ({
  kind: 'ports',
  ports: portsOf(resources),
  cpus: scalarAmount(resources, 'cpus') ?? 0,
});
