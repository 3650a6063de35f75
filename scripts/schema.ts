// Loads proto/ into one protobufjs root, under the names this project uses for the messages.
// mesos.internal says "slave" on the wire; everywhere else in the project it reads "agent".
import { globSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

export const protoRoot = join(import.meta.dirname, '..', 'proto');

/**
 * Packages whose top-level names would clash and so carry a prefix: `SchedulerCall`,
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

/** The name under which a field is known in TypeScript. */
export function fieldName(field: protobuf.FieldBase): string {
  const inInternal = field.parent?.fullName.startsWith('.mesos.internal.') ?? false;
  return inInternal ? field.name.replaceAll('slave', 'agent') : field.name;
}

/** 64-bit fields that hold times: beyond 2^53, so bigint. All other 64-bit integers are numbers. */
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
