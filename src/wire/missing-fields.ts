// Names the required fields that a message lacks, in the words and the order of protobuf's C++
// library.
import type { MessageType } from './message-type.ts';
import { WireError } from './wire-error.ts';

/** The most fields that are named. Where more are missing the text says so. */
const MAX_NAMED = 100;

export function missingFields<T>(type: MessageType<T>, message: T): WireError {
  const missing: string[] = [];
  collect(type as MessageType<object>, message as object, '', missing);
  const named = missing.slice(0, MAX_NAMED).join(', ');
  const more = missing.length > MAX_NAMED ? ', and more' : '';
  return new WireError(`Missing required fields: ${named}${more}`);
}

function collect(
  type: MessageType<object>,
  message: object,
  prefix: string,
  missing: string[],
): void {
  const values = message as Record<string, unknown>;
  if (missing.length > MAX_NAMED) {
    return;
  }
  for (const field of type.fields) {
    if (field.rule === 'required' && values[field.name] === undefined) {
      missing.push(prefix + field.wireName);
    }
  }
  for (const field of [...type.fields].sort((a, b) => a.number - b.number)) {
    const value = values[field.name];
    if (value === undefined || !('message' in field.value)) {
      continue;
    }
    const inner = field.value.message();
    const path = prefix + field.wireName;
    if (field.rule === 'repeated') {
      const items = value as object[];
      items.forEach((item, index) => {
        collect(inner, item, `${path}[${index}].`, missing);
      });
    } else if (field.rule === 'map') {
      for (const [key, item] of Object.entries(value as Record<string, object>)) {
        collect(inner, item, `${path}[${key}].`, missing);
      }
    } else {
      collect(inner, value as object, `${path}.`, missing);
    }
  }
}
