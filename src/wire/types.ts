// The tokens of all message types under their names in src/model/generated/messages.ts, such as
// `types.SchedulerCall`.
import { codecRuntime } from './codec-runtime.ts';
import { createTypes, type Types } from './generated/codec.js';

export type { MessageType } from './message-type.ts';
export type { Types };

export const types: Types = createTypes(codecRuntime);
