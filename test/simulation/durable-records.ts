// What the registry holds for sure, as a simulation's checks know it.
import type { RegistryChange, RegistrySnapshot } from '../../src/model/registry.ts';
import { RegistryContent } from '../../src/model/registry-content.ts';

export class DurableRecords {
  readonly content = new RegistryContent();
  /** Ids of agents whose admission is durable. */
  readonly agents = new Set<string>();
  /** Ids of agents that an operator has marked gone. */
  readonly goneAgents = new Set<string>();

  apply(change: RegistryChange): void {
    this.content.apply(change);
    switch (change.type) {
      case 'admitAgent':
      case 'updateAgent':
      case 'markReachable':
        this.agents.add(change.agent.id?.value ?? '');
        return;
      case 'markGone':
        this.goneAgents.add(change.id);
        this.agents.delete(change.id);
        return;
      case 'removeAgent':
      case 'markUnreachable':
        this.agents.delete(change.id);
        return;
      default:
        return;
    }
  }

  /** A new leader has read what there is; of changes before it, some may not have been told. */
  read({ agents, gone }: RegistrySnapshot): void {
    this.agents.clear();
    for (const { id } of agents) {
      this.agents.add(id?.value ?? '');
    }
    for (const { id } of gone) {
      this.goneAgents.add(id);
    }
  }
}
