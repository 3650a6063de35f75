// An operator who sets a quota again and again, always higher, with whichever master leads, and
// reads it: what was answered with 200 is there from then on, and no earlier one comes back.
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../../support/requests.ts';
import type { Ledger } from './ledger.ts';

const ROLE = 'counted';
const PAUSE_MS = 100;
const LONGEST_CALL_MS = 3_000;

export class QuotaLoad {
  readonly #ledger: Ledger;
  readonly #over = new AbortController();
  readonly #working: Promise<void>;
  #leader: string | undefined;
  #asked = 0;
  /** The highest that was answered, or read. */
  #known = 0;
  #answered = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#working = this.#work();
  }

  lead(address: string | undefined): void {
    this.#leader = address;
  }

  get summary(): string {
    return `${this.#answered} of ${this.#asked} changes of the registry answered`;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#working;
  }

  /** Resolves when what the master has was read, and is what it should be. */
  async check(address: string): Promise<boolean> {
    const known = this.#known;
    const quota = await this.#read(address);
    if (quota === undefined) {
      return false;
    }
    if (quota < known) {
      this.#ledger.fault(`the quota is ${quota} at ${address}, and was ${known} before`);
    }
    if (quota > this.#asked) {
      this.#ledger.fault(`the quota is ${quota} at ${address}, more than ever asked for`);
    }
    this.#known = Math.max(this.#known, quota);
    return true;
  }

  async #work(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const leader = this.#leader;
      if (leader !== undefined) {
        const quota = ++this.#asked;
        if (await this.#write(leader, quota)) {
          this.#answered++;
          this.#known = Math.max(this.#known, quota);
          await this.check(leader).catch(() => false);
        }
      }
      await pause(PAUSE_MS);
    }
  }

  async #write(address: string, value: number): Promise<boolean> {
    const limits = { cpus: { value } };
    const update_quota = { force: true, quota_configs: [{ role: ROLE, limits }] };
    const answer = await this.#call(address, { type: 'UPDATE_QUOTA', update_quota });
    await answer?.body?.cancel();
    return answer?.status === 200;
  }

  /** Undefined where this master does not say; 0 where there is no quota. */
  async #read(address: string): Promise<number | undefined> {
    const answer = await this.#call(address, { type: 'GET_QUOTA' });
    if (answer?.status !== 200) {
      await answer?.body?.cancel();
      return undefined;
    }
    const { get_quota } = (await answer.json()) as {
      get_quota: { status: { configs?: { role: string; limits: { cpus: { value: number } } }[] } };
    };
    const mine = get_quota.status.configs?.find(({ role }) => role === ROLE);
    return mine?.limits.cpus.value ?? 0;
  }

  async #call(address: string, call: object): Promise<Response | undefined> {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const signal = AbortSignal.timeout(LONGEST_CALL_MS);
    const post = { method: 'POST', headers, body: JSON.stringify(call), signal };
    return ask(address, '/api/v1', post).catch(() => undefined);
  }
}
