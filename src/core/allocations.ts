// What frameworks hold on agents: calls of the module for launches, for resources that come back,
// and for operations of accepted offers.

import {
  type Offer_Operation,
  Offer_Operation_Type as OperationType,
  type Resource,
} from '../model/generated/messages.ts';
import { notApplied } from './algebra.ts';
import { NOT_CONTAINED } from './constants.ts';
import { type Conversion, conversionsOf, writeConversions } from './conversions.ts';
import type { ExchangeBuffer } from './exchange-buffer.ts';
import { accepted, checked, statusError } from './module.ts';

/** The numbers of the framework, agent and role that hold resources. */
export interface Place {
  readonly framework: number;
  readonly agent: number;
  readonly role: number;
}

export class Allocations {
  readonly #buffer: ExchangeBuffer;

  constructor(buffer: ExchangeBuffer) {
    this.#buffer = buffer;
  }

  launch(place: Place, resources: readonly Resource[]): void {
    const count = this.#ask(resources, 'launch');
    const { exports } = this.#buffer.module;
    accepted(exports.launch(place.framework, place.agent, place.role, count), 'launch');
  }

  /** `end` is when the refusal ends; a negative one means that there is no refusal. */
  recover(
    place: Place,
    resources: readonly Resource[],
    how: { readonly wasUsed: boolean; readonly end: number },
  ): void {
    const count = this.#ask(resources, 'recover');
    if (count === 0) {
      return;
    }
    const used = how.wasUsed ? 1 : 0;
    const { exports } = this.#buffer.module;
    accepted(
      exports.recover(place.framework, place.agent, place.role, count, used, how.end),
      'recover',
    );
  }

  /**
   * Writes a list that the caller says is held. If no framework can hold it, that is a bug of the
   * caller.
   */
  #ask(resources: readonly Resource[], what: string): number {
    const count = this.#buffer.begin().ask(resources);
    if (count === undefined) {
      throw statusError(NOT_CONTAINED, what);
    }
    return count;
  }

  /**
   * Applies the operations that fit. Returns the offered resources afterwards, and the indexes of
   * operations that did not fit.
   */
  convert(
    place: Place & { readonly roleName: string },
    accept: {
      readonly offered: readonly Resource[];
      readonly operations: readonly Offer_Operation[];
      readonly extraShared: readonly Resource[];
    },
  ): { readonly resources: Resource[]; readonly dropped: number[] } {
    const { offered, extraShared } = accept;
    const { conversions, dropped } = this.#fitting(offered, accept.operations);
    if (conversions.length === 0 && extraShared.length === 0) {
      return { resources: [...offered], dropped };
    }
    const buffer = this.#buffer.begin();
    const count = buffer.write(offered);
    const before = buffer.bytes;
    const why = writeConversions(buffer, conversions, 'drop');
    if (why !== undefined) {
      throw statusError(NOT_CONTAINED, why);
    }
    const bytes = buffer.bytes - before;
    const extra = buffer.write(extraShared);
    const { module } = buffer;
    const items = checked(
      module.exports.convertOffered(
        place.framework,
        place.agent,
        place.role,
        count,
        conversions.length,
        bytes,
        extra,
      ),
      'convert',
    );
    module.locate();
    return { resources: buffer.readAt(module.io, items, place.roleName), dropped };
  }

  updateAvailable(
    agent: number,
    operation: Offer_Operation,
  ): { readonly ok: true } | { readonly ok: false; readonly why: string } {
    const conversions = conversionsOf(this.#buffer, operation);
    if (!conversions.ok) {
      return conversions;
    }
    const buffer = this.#buffer.begin();
    const why = writeConversions(buffer, conversions.conversions, 'drop');
    if (why !== undefined) {
      return { ok: false, why };
    }
    const status = buffer.module.exports.convertFree(agent, conversions.conversions.length);
    return status === 0 ? { ok: true } : notApplied(status);
  }

  /**
   * The conversions of the operations that fit, applied one after another, and the indexes of the
   * operations that do not.
   */
  #fitting(resources: readonly Resource[], operations: readonly Offer_Operation[]) {
    const { exports } = this.#buffer.module;
    const dropped: number[] = [];
    const fitting: Conversion[] = [];
    const row = checked(exports.rowMake(this.#buffer.begin().write(resources)));
    operations.forEach((operation, index) => {
      if (operation.type === OperationType.LAUNCH) {
        return;
      }
      if (operation.type === OperationType.LAUNCH_GROUP) {
        return;
      }
      const conversions = conversionsOf(this.#buffer, operation);
      if (!conversions.ok) {
        dropped.push(index);
        return;
      }
      const why = writeConversions(this.#buffer.begin(), conversions.conversions, 'drop');
      const count = conversions.conversions.length;
      if (why === undefined && exports.rowConvert(row, count) === 0) {
        fitting.push(...conversions.conversions);
      } else {
        dropped.push(index);
      }
    });
    accepted(exports.rowDrop(row));
    return { conversions: fitting, dropped };
  }
}
