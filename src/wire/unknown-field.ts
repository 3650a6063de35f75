// Fields that a message does not have. Clients may send them, as to Mesos, and are not told; what an
// operator writes by hand may be a misspelt wish.
import type { MessageType } from './message-type.ts';

/** The path of the first such field (`disk.source.mounts`), as JSON that has been read as the message. */
export function unknownField(type: MessageType<object>, value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  for (const [key, item] of Object.entries(value)) {
    const field = type.fields.find(({ wireName }) => wireName === key);
    if (field === undefined) {
      return key;
    }
    if ('message' in field.value) {
      const inner = field.value.message();
      const items =
        field.rule === 'map' ? Object.values(item as object) : Array.isArray(item) ? item : [item];
      const path = items.map((it) => unknownField(inner, it)).find((it) => it !== undefined);
      if (path !== undefined) {
        return `${key}.${path}`;
      }
    }
  }
  return undefined;
}
