// What the generated codec calls, apart from the methods of readers and writers.
import { encodeBase64 } from './base64.ts';
import { enumTable, unknownEnum } from './enum-table.ts';
import { setEntry } from './json-reader.ts';
import { doubleText, quote } from './json-text.ts';
import { messageType } from './message-type.ts';

export const codecRuntime = {
  encodeBase64,
  enumTable,
  messageType,
  unknownEnum,
  setEntry,
  doubleText,
  quote,
} as const;

export type CodecRuntime = typeof codecRuntime;
