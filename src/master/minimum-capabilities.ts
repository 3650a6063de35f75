// Capabilities that the registry asks of every master. A master that does not know a feature in use
// (drains, quota limits) would drop it in silence. So the registry names the features in use, as in
// Mesos, and a master that lacks one of them does not start.
import {
  type MasterInfo,
  MasterInfo_Capability_Type,
  type QuotaConfig,
} from '../model/generated/messages.ts';
import type { AgentId } from '../model/ids.ts';
import type { RegistryChange, RegistrySnapshot } from '../model/registry.ts';

/**
 * Capabilities, by their names in MasterInfo.Capability.Type, that the registry asks for and the
 * master lacks.
 */
export function missingCapabilities(
  { minimumCapabilities = [] }: RegistrySnapshot,
  { capabilities = [] }: MasterInfo,
): string[] {
  const own = new Set<string>(
    Object.entries(MasterInfo_Capability_Type)
      .filter(([, value]) => capabilities.some(({ type }) => type === value))
      .map(([name]) => name),
  );
  return minimumCapabilities.filter((name) => !own.has(name));
}

/** A quota that guarantees and limits nothing is none. */
const bounds = ({ guarantees = {}, limits = {} }: QuotaConfig) =>
  Object.keys(guarantees).length + Object.keys(limits).length > 0;

/**
 * Follows the changes that are stored, and adds to them where the capabilities that the registry
 * must name change.
 */
export class MinimumCapabilities {
  /** Agents that are drained or deactivated. */
  private readonly duties = new Set<AgentId>();
  private hasQuotas = false;
  private written = '';

  /** Takes over what an earlier master has written. */
  read({ duties = [], quotas = [], minimumCapabilities = [] }: RegistrySnapshot): void {
    for (const { id } of duties) {
      this.duties.add(id);
    }
    this.hasQuotas = quotas.some(bounds);
    this.written = minimumCapabilities.join();
  }

  /** The changes, followed by a change of the named capabilities where they make one necessary. */
  with(changes: readonly RegistryChange[]): readonly RegistryChange[] {
    for (const change of changes) {
      this.follow(change);
    }
    const names = [
      ...(this.duties.size > 0 ? ['AGENT_DRAINING'] : []),
      ...(this.hasQuotas ? ['QUOTA_V2'] : []),
    ];
    if (names.join() === this.written) {
      return changes;
    }
    this.written = names.join();
    return [...changes, { type: 'setMinimumCapabilities', names }];
  }

  private follow(change: RegistryChange): void {
    switch (change.type) {
      case 'setQuotas':
        this.hasQuotas = change.quotas.some(bounds);
        return;
      case 'setDuty':
        if (change.drain !== undefined || change.deactivated) {
          this.duties.add(change.id);
        } else {
          this.duties.delete(change.id);
        }
        return;
      case 'removeAgent':
      case 'markGone':
        this.duties.delete(change.id);
        return;
      case 'forget':
        for (const id of change.ids) {
          this.duties.delete(id);
        }
        return;
      default:
        // Other changes begin and end no duty.
        return;
    }
  }
}
