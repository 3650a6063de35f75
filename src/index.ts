// What programs get from `mesoscale`: clients of a cluster, its messages and their codecs, and the core.
export * from './core.ts';
export type { Credential } from './http/authentication.ts';
export { OperatorClient, type OperatorClientOptions } from './http/operator-client.ts';
export {
  CallRefusedError,
  SchedulerClient,
  type SchedulerClientOptions,
} from './http/scheduler-client.ts';
export * from './model/generated/messages.ts';
export { jsonValue, readJson, readJsonValue, writeJson } from './wire/json.ts';
export { decodeMessage, encodeMessage } from './wire/protobuf.ts';
export { encodeRecord, RecordReader } from './wire/record-io.ts';
export { types } from './wire/types.ts';
export { WireError } from './wire/wire-error.ts';
