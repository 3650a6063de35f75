// What writing the JSON of unversioned endpoints needs. The caller provides it: the scheduler core
// adds up resources, and the process that serves requests removes secrets from messages.
import type { Resource } from '../../model/generated/messages.ts';
import type { MessageType, Types } from '../types.ts';

export type Json = Record<string, unknown>;

/** A message as plain values for JSON.stringify: enums by name, Mesos's defaults filled in. */
export type MessageJson = <Name extends keyof Types>(
  name: Name,
  message: Types[Name] extends MessageType<infer Message extends object> ? Message : never,
) => unknown;

export interface Writing {
  /** The sums of the scheduler core. */
  readonly algebra: { sum(lists: Iterable<readonly Resource[]>): readonly Resource[] };
  readonly message: MessageJson;
}
