// What the JSON of unversioned endpoints is written with. It is handed in: resources are added up
// by the scheduler core, and the process that serves messages takes secrets out of them.
import type { Resource } from '../../model/generated/messages.ts';
import type { MessageType, Types } from '../types.ts';

export type Json = Record<string, unknown>;

/**
 * Plain values of a message, ready for JSON.stringify: enums by name, Mesos's defaults filled in.
 */
export type MessageJson = <Name extends keyof Types>(
  name: Name,
  message: Types[Name] extends MessageType<infer Message extends object> ? Message : never,
) => unknown;

export interface Writing {
  /** The sums of the scheduler core. */
  readonly algebra: { sum(lists: Iterable<readonly Resource[]>): readonly Resource[] };
  readonly message: MessageJson;
}
