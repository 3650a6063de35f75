// Removes the ports of containers from the machine's links, from what is on record of them: also
// where an agent maps no ports any more, and an earlier one has done so.
import { ContainerizerError } from '../../containerizer-error.ts';
import type { PortsAsked } from '../../plan/network.ts';
import type { NetworkKind } from '../network.ts';
import type { Generation } from './layout.ts';
import type { MachineNetwork } from './machine-network.ts';
import type { PortBlock } from './port-blocks.ts';
import { detachScript, type Wiring } from './scripts.ts';
import { runScript } from './shell.ts';

/** What is on record of a container. */
export interface Mapped extends Omit<Wiring, 'namespace'> {
  /** That of the filters of its ports. */
  readonly generation: Generation;
  /** The machine's links, which a later agent may be told to find elsewhere. */
  readonly machine: Pick<MachineNetwork, 'eth0' | 'lo' | 'flowQueue'>;
}

/** Rejects with ContainerizerError where something is left. */
export async function removePorts(
  whose: string,
  machine: Mapped['machine'],
  ephemeral: PortBlock,
): Promise<void> {
  const script = detachScript(machine, ephemeral);
  const left = await runScript(`Failed to remove the ports of ${whose}`, script);
  if (left.trim() !== '') {
    throw new ContainerizerError(`Of the ports of ${whose}, this is left: ${left.trim()}`);
  }
}

/** Of an agent that maps no ports. */
export const portRemoval: NetworkKind<PortsAsked> = {
  async attach({ id }) {
    throw new ContainerizerError(`Container ${id} asks for ports, and this agent maps none`);
  },
  detach(id, _namespace, noted) {
    const { machine, ephemeral } = noted as Mapped;
    return removePorts(`container ${id}`, machine, ephemeral);
  },
};
