// What frameworks hold on agents: launches, returns, and the operations of accepted offers, as
// calls of the module.

import {
  type Offer_Operation,
  Offer_Operation_Type as OperationType,
  type Resource,
} from '../model/generated/messages.ts';
import { notApplied } from './algebra.ts';
import { NOT_CONTAINED } from './constants.ts';
import { type Conversion, conversionsOf, writeConversions } from './conversions.ts';
import type { Lists } from './exchange-buffer.ts';
import { accepted, checked, statusError } from './module.ts';

/** Numbers of who holds something where. */
export interface Place {
  readonly framework: number;
  readonly agent: number;
  readonly role: number;
}

export class Held {
  readonly #lists: Lists;

  constructor(lists: Lists) {
    this.#lists = lists;
  }

  launch(place: Place, resources: readonly Resource[]): void {
    const count = this.#ask(resources, 'launch');
    const { exports } = this.#lists.module;
    accepted(exports.launch(place.framework, place.agent, place.role, count), 'launch');
  }

  /** `end` is when the refusal ends, negative for none. */
  recover(
    place: Place,
    resources: readonly Resource[],
    how: { readonly wasUsed: boolean; readonly end: number },
  ): void {
    const count = this.#ask(resources, 'recover');
    if (count === 0) return;
    const used = how.wasUsed ? 1 : 0;
    const { exports } = this.#lists.module;
    accepted(
      exports.recover(place.framework, place.agent, place.role, count, used, how.end),
      'recover',
    );
  }

  /** A list that the caller says is held; it is a bug of the caller if nobody can have it. */
  #ask(resources: readonly Resource[], what: string): number {
    const count = this.#lists.begin().ask(resources);
    if (count === undefined) throw statusError(NOT_CONTAINED, what);
    return count;
  }

  /**
   * The operations that fit are applied; the new offered resources and the indexes of the others
   * come back.
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
    const lists = this.#lists.begin();
    const count = lists.write(offered);
    const before = lists.bytes;
    const why = writeConversions(lists, conversions, 'drop');
    if (why !== undefined) throw statusError(NOT_CONTAINED, why);
    const bytes = lists.bytes - before;
    const extra = lists.write(extraShared);
    const { module } = lists;
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
    return { resources: lists.readAt(module.io, items, place.roleName), dropped };
  }

  updateAvailable(
    agent: number,
    operation: Offer_Operation,
  ): { readonly ok: true } | { readonly ok: false; readonly why: string } {
    const conversions = conversionsOf(this.#lists, operation);
    if (!conversions.ok) return conversions;
    const lists = this.#lists.begin();
    const why = writeConversions(lists, conversions.conversions, 'drop');
    if (why !== undefined) return { ok: false, why };
    const status = lists.module.exports.convertFree(agent, conversions.conversions.length);
    return status === 0 ? { ok: true } : notApplied(status);
  }

  /**
   * The conversions of those operations that fit, one after another, and the indexes of the others.
   */
  #fitting(resources: readonly Resource[], operations: readonly Offer_Operation[]) {
    const { exports } = this.#lists.module;
    const dropped: number[] = [];
    const fitting: Conversion[] = [];
    const row = checked(exports.rowMake(this.#lists.begin().write(resources)));
    operations.forEach((operation, index) => {
      if (operation.type === OperationType.LAUNCH) return;
      if (operation.type === OperationType.LAUNCH_GROUP) return;
      const conversions = conversionsOf(this.#lists, operation);
      if (!conversions.ok) {
        dropped.push(index);
        return;
      }
      const why = writeConversions(this.#lists.begin(), conversions.conversions, 'drop');
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
