// The offers of a run as they lie in the module's memory: columns that are read when asked for.
//
//   offer: leaf u32 | agent u32 | items address u32 | count u32 | - | -      (24 bytes)
//   item:  kind u32 | set address u32 | amount f64
//   set:   refs u32 | count u32 | amount f64 | ranges
import type { Resource } from '../model/generated/messages.ts';
import type { AgentId, FrameworkId } from '../model/ids.ts';
import { OFFER_WORDS } from './constants.ts';
import { type ExchangeBuffer, noValues } from './exchange-buffer.ts';
import type { OfferBatch } from './interface.ts';
import { CoreError } from './module.ts';

/** Finds names by their numbers. */
export interface Names {
  frameworkId(framework: number): FrameworkId;
  agentId(agent: number): AgentId;
  role(role: number): string;
}

export class ModuleOffers implements OfferBatch {
  readonly count: number;
  readonly inverseCount: number;
  readonly #buffer: ExchangeBuffer;
  readonly #names: Names;
  readonly #offers: number;
  readonly #inverse: number;
  readonly #calls: number;

  constructor(buffer: ExchangeBuffer, names: Names, count: number) {
    const { exports } = buffer.module;
    this.#buffer = buffer;
    this.#names = names;
    this.count = count;
    this.#offers = exports.offersAt() >>> 2;
    this.inverseCount = exports.inverseOfferCount();
    this.#inverse = exports.inverseOffersAt() >>> 2;
    this.#calls = buffer.module.calls;
    buffer.module.refresh();
  }

  /** Throws where the offers may have moved in memory: other data may lie there now. */
  #checkDate(): void {
    const { calls, trap } = this.#buffer.module;
    if (this.#calls === calls) {
      return;
    }
    if (trap !== undefined) {
      throw trap;
    }
    throw new CoreError('BAD_STATE', 'a batch of offers is to be read before the next call');
  }

  #field(index: number, field: number): number {
    this.#checkDate();
    if (!(index >= 0 && index < this.count)) {
      none(index);
    }
    return this.#buffer.module.u32[this.#offers + index * OFFER_WORDS + field] as number;
  }

  frameworkId(index: number): FrameworkId {
    const { exports } = this.#buffer.module;
    return this.#names.frameworkId(exports.leafFrameworkOf(this.#field(index, 0)));
  }

  role(index: number): string {
    const { exports } = this.#buffer.module;
    return this.#names.role(exports.leafRoleOf(this.#field(index, 0)));
  }

  agentId(index: number): AgentId {
    return this.#names.agentId(this.#field(index, 1));
  }

  resources(index: number): Resource[] {
    const { u32, f64 } = this.#buffer.module;
    const role = this.role(index);
    const resources: Resource[] = [];
    let item = this.#field(index, 2) >>> 2;
    for (let left = this.#field(index, 3); left > 0; left--, item += 4) {
      const set = u32[item + 1] as number;
      const from = (set >>> 3) + 2;
      const ranges = set === 0 ? 0 : (u32[(set >>> 2) + 1] as number);
      this.#buffer.append(
        resources,
        this.#buffer.kinds.get(u32[item] as number),
        f64[(item >> 1) + 1] as number,
        ranges === 0 ? noValues : f64.subarray(from, from + ranges * 2),
        role,
      );
    }
    return resources;
  }

  #inverseField(index: number, field: number): number {
    this.#checkDate();
    if (!(index >= 0 && index < this.inverseCount)) {
      none(index);
    }
    return this.#buffer.module.u32[this.#inverse + index * 2 + field] as number;
  }

  inverseFrameworkId(index: number): FrameworkId {
    return this.#names.frameworkId(this.#inverseField(index, 0));
  }

  inverseAgentId(index: number): AgentId {
    return this.#names.agentId(this.#inverseField(index, 1));
  }
}

/** The outcome of a run that did not happen. */
export const noOffers: OfferBatch = {
  count: 0,
  inverseCount: 0,
  frameworkId: none,
  role: none,
  agentId: none,
  resources: none,
  inverseFrameworkId: none,
  inverseAgentId: none,
};

function none(index: number): never {
  throw new RangeError(`There is no offer ${index}`);
}
