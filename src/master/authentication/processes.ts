// Processes that have authenticated, by pid, and as whom. A process is forgotten with its
// connection: another one may listen at its address next.
import { addressOf, parsePid } from '../../model/pid.ts';
import type { Proof } from '../../security/cram-md5.ts';
import { MAX_ADDRESS_AGENTS, MAX_AGENTS } from '../validation/agent-bounds.ts';

export class AuthenticatedProcesses {
  /** By pid, by address. */
  private readonly byAddress = new Map<string, Map<string, Proof>>();
  private readonly byIp = new Map<string, number>();
  private count = 0;

  /** Why one more process at the IP address cannot be remembered. */
  roomError(ip: string): string | undefined {
    if ((this.byIp.get(ip) ?? 0) >= MAX_ADDRESS_AGENTS) {
      return `${MAX_ADDRESS_AGENTS} processes at ${ip} have authenticated, which is as many as may`;
    }
    return this.count >= MAX_AGENTS
      ? `${MAX_AGENTS} processes have authenticated, which is as many as may`
      : undefined;
  }

  proofOf(pid: string): Proof | undefined {
    return this.byAddress.get(addressIn(pid))?.get(pid);
  }

  add(pid: string, proof: Proof): void {
    this.remove(pid);
    const address = addressIn(pid);
    const there = this.byAddress.get(address) ?? new Map<string, Proof>();
    there.set(pid, proof);
    this.byAddress.set(address, there);
    this.countAt(pid, 1);
  }

  remove(pid: string): void {
    const address = addressIn(pid);
    const there = this.byAddress.get(address);
    if (there?.delete(pid) === true) {
      this.countAt(pid, -1);
      if (there.size === 0) {
        this.byAddress.delete(address);
      }
    }
  }

  removeAddress(address: string): void {
    for (const pid of [...(this.byAddress.get(address)?.keys() ?? [])]) {
      this.remove(pid);
    }
  }

  private countAt(pid: string, sign: 1 | -1): void {
    this.count += sign;
    const ip = parsePid(pid)?.host ?? '';
    const there = (this.byIp.get(ip) ?? 0) + sign;
    if (there === 0) {
      this.byIp.delete(ip);
    } else {
      this.byIp.set(ip, there);
    }
  }
}

function addressIn(pid: string): string {
  const parsed = parsePid(pid);
  return parsed === undefined ? '' : addressOf(parsed);
}
