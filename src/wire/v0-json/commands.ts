// Commands as unversioned endpoints show them.
import type { CommandInfo } from '../../model/generated/messages.ts';
import type { Json, Writing } from './writing.ts';

export function commandJson({ message }: Writing, command: CommandInfo): Json {
  const { shell, value, environment } = command;
  const json: Json = {};
  if (shell !== undefined) {
    json.shell = shell;
  }
  if (value !== undefined) {
    json.value = value;
  }
  json.argv = command.arguments ?? [];
  if (environment !== undefined) {
    json.environment = message('Environment', environment);
  }
  json.uris = (command.uris ?? []).map(({ value, executable }) => ({
    value,
    executable: executable ?? false,
  }));
  return json;
}
