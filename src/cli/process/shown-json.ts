// Messages in the JSON of unversioned endpoints, without the values of their secrets.
import { jsonValue } from '../../wire/json.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { withoutSecrets } from '../../wire/secrets.ts';
import { types } from '../../wire/types.ts';

export function shownJson(name: keyof typeof types, message: object): unknown {
  const type = types[name] as MessageType<object>;
  return jsonValue<unknown>(type, withoutSecrets(type, message));
}
