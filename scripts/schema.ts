// Loads proto/ into one protobufjs root, with this project's names of messages. mesos.internal says
// "slave" on the wire; everywhere else in the project that is "agent".
import { globSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

export const protoRoot = join(import.meta.dirname, '..', 'proto');

/**
 * Names that several packages have get the package's name before them: `SchedulerCall`,
 * `AgentResponse`.
 */
const PREFIXED = new Set(['Call', 'Event', 'Response']);

export function loadSchema(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    target.startsWith('google/') ? target : join(protoRoot, target);
  const files = globSync('**/*.proto', { cwd: protoRoot }).sort();
  root.loadSync(files, { keepCase: true });
  root.resolveAll();
  return root;
}

/**
 * mesos.v1.scheduler.Call.Accept → SchedulerCall_Accept; mesos.internal.RegisterSlaveMessage →
 * RegisterAgentMessage.
 */
export function flatName(fullName: string): string {
  const parts = fullName.replace(/^\./, '').split('.');
  const top = parts.findIndex((p) => /^[A-Z]/.test(p));
  const pkg = parts[top - 1] ?? '';
  const local = parts.slice(top);
  const [first = ''] = local;
  if (PREFIXED.has(first)) {
    local[0] = pascal(pkg) + first;
  }
  const name = local.join('_');
  return parts[1] === 'internal' ? name.replaceAll('Slave', 'Agent') : name;
}

/** The TypeScript name of a field. */
export function fieldName(field: protobuf.FieldBase): string {
  const inInternal = field.parent?.fullName.startsWith('.mesos.internal.') ?? false;
  return inInternal ? field.name.replaceAll('slave', 'agent') : field.name;
}

/**
 * 64-bit fields with times, which exceed 2^53 and so are bigints. All other 64-bit integers are
 * numbers.
 */
export const BIGINT_FIELDS = new Set([
  '.mesos.v1.TimeInfo.nanoseconds',
  '.mesos.v1.DurationInfo.nanoseconds',
]);

export function* allTypes(ns: protobuf.NamespaceBase): Generator<protobuf.Type | protobuf.Enum> {
  for (const child of ns.nestedArray) {
    if (child instanceof protobuf.Type) {
      yield child;
      yield* allTypes(child);
    } else if (child instanceof protobuf.Enum) {
      yield child;
    } else if (child instanceof protobuf.Namespace) {
      yield* allTypes(child);
    }
  }
}

function pascal(name: string): string {
  return name
    .split('_')
    .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
    .join('');
}
