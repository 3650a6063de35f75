// The public API of `mesoscale`: clients of a cluster, its messages and their codecs, and the core.
export * from './core.ts';
export { OperatorClient, type OperatorClientOptions } from './http/client/operator-client.ts';
export {
  CallRefusedError,
  SchedulerClient,
  type SchedulerClientOptions,
} from './http/client/scheduler-client.ts';
export type { Credential } from './http/server/credentials.ts';
export * from './model/generated/messages.ts';
export { jsonValue, readJson, readJsonValue, writeJson } from './wire/json.ts';
export { decodeMessage, encodeMessage } from './wire/protobuf.ts';
export { encodeRecord, RecordReader } from './wire/record-io.ts';
export { types } from './wire/types.ts';
export { WireError } from './wire/wire-error.ts';
