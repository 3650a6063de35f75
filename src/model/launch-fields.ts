// What becomes of every field that a framework can set on a task, an executor, their commands,
// containers and checks. A field that asks for what Mesoscale does not do is refused by its name: a
// task must not run less confined, or with less, than its framework meant.
//
// When a field begins to work, it changes here to WORKS, and nothing else changes. Every harmless
// field is listed in docs/compatibility.md.
import {
  type CheckInfo,
  type CommandInfo,
  type ContainerInfo,
  type Environment,
  type ExecutorInfo,
  type HealthCheck,
  LinuxInfo_IpcMode,
  type Resource,
  type TaskInfo,
  type Volume,
  Volume_Mode,
} from './generated/messages.ts';

/** The field does what the schema says, or is carried to the program that reads it. */
export const WORKS = 'works';

/** The field has no effect, and that does no harm. */
export interface Harmless {
  readonly harmless: string;
}

export interface Refused<T> {
  /** Why this value is refused; undefined where Mesoscale does what the value asks for. */
  readonly refuse: (value: T, path: string) => string | undefined;
}

/**
 * The field works on agents that have this isolator, or one of those that can do what its value
 * asks for, and is refused by all others.
 */
export interface Isolated<T> {
  readonly isolator: string | ((value: T) => readonly [string, ...string[]]);
}

/** What is refused works on agents that have this isolator. */
const unless = <T>(isolator: string, refusal: Refused<T>): Isolated<T> & Refused<T> => ({
  isolator,
  ...refusal,
});

export type Treatment<T> =
  | typeof WORKS
  | Harmless
  | Isolated<T>
  | Refused<T>
  | (T extends object ? Fields<T> : never);

/** The treatment of each field of a message. For a repeated field it applies to each item. */
export type Fields<M> = {
  readonly [F in keyof M]-?: Treatment<Item<NonNullable<M[F]>>>;
};

type Item<T> = T extends readonly (infer I)[] ? I : T;

const harmless = (why: string): Harmless => ({ harmless: why });

export const refused = (why: string): Refused<unknown> => ({
  refuse: (_, path) => `'${path}' is not supported: ${why}`,
});

const refusedIf = <T>(asks: (value: T) => boolean, why: string): Refused<T> => ({
  refuse: (value, path) => (asks(value) ? `'${path}' is not supported: ${why}` : undefined),
});

/** A refusal with a text of Mesos's. */
const refusedAs = <T>(text: (value: T) => string): Refused<T> => ({ refuse: text });

/** For a persistent volume, which is a folder that the sandbox links to. */
export const persistentVolumeFields: Fields<Volume> = {
  mode: unless(
    'filesystem/linux',
    refusedIf(
      (mode: Volume_Mode) => mode === Volume_Mode.RO,
      'a link does not close them to writing: it needs an agent with filesystem/linux',
    ),
  ),
  container_path: WORKS,
  host_path: refused('the agent keeps persistent volumes in folders of its own'),
  image: refused('persistent volumes come without an image'),
  source: refused('the agent keeps persistent volumes in folders of its own'),
};

const resource: Fields<Resource> = {
  provider_id: WORKS,
  name: WORKS,
  type: WORKS,
  scalar: WORKS,
  ranges: WORKS,
  set: WORKS,
  role: WORKS,
  allocation_info: WORKS,
  reservation: WORKS,
  reservations: WORKS,
  disk: { persistence: WORKS, volume: persistentVolumeFields, source: WORKS },
  revocable: WORKS,
  shared: WORKS,
};

const environment: Fields<Environment> = {
  variables: {
    name: WORKS,
    type: WORKS,
    value: WORKS,
    secret: {
      type: WORKS,
      reference: refusedAs(
        () =>
          'Default secret resolver cannot resolve references:' +
          " 'environment.variables.secret.reference' is not supported",
      ),
      value: WORKS,
    },
  },
};

export const commandFields: Fields<CommandInfo> = {
  uris: {
    value: WORKS,
    executable: WORKS,
    extract: WORKS,
    cache: WORKS,
    output_file: WORKS,
  },
  environment,
  shell: WORKS,
  value: WORKS,
  arguments: WORKS,
  user: WORKS,
};

const checkCommand: Fields<CommandInfo> = {
  ...commandFields,
  uris: harmless("checks fetch nothing, as with Mesos's command executor"),
  user: harmless("checks run as the task's user, as with Mesos's command executor"),
};

/** The most rows or columns of a terminal: the kernel can name no more. */
export const MAX_WINDOW = 65_535;

export const containerFields: Fields<ContainerInfo> = {
  type: WORKS,
  volumes: {
    mode: WORKS,
    container_path: WORKS,
    // The first versions of Mesos had no other source.
    host_path: {
      isolator: (path: string) => [
        path.startsWith('/') ? 'volume/host_path' : 'volume/sandbox_path',
        'filesystem/shared',
      ],
    },
    image: { isolator: 'volume/image' },
    source: {
      type: WORKS,
      docker_volume: refused('there are no volume drivers of Docker'),
      host_path: { isolator: 'volume/host_path' },
      sandbox_path: { isolator: 'volume/sandbox_path' },
      secret: { isolator: 'volume/secret' },
      csi_volume: refused('there are no CSI plugins'),
    },
  },
  hostname: unless('network/cni', refused("containers have the agent's host name")),
  docker: refused('it is for containers of type DOCKER'),
  // Whether there are images of its type is the agent's business.
  mesos: { image: { isolator: 'filesystem/linux' } },
  network_infos: {
    name: unless(
      'network/cni',
      refusedAs(
        (name: string) =>
          `Unknown CNI network '${name}': this agent has none (it is without the isolator network/cni)`,
      ),
    ),
    ip_addresses: unless(
      'network/cni',
      refusedIf(
        ({ ip_address }) => ip_address !== undefined && ip_address !== '',
        "containers have the agent's addresses",
      ),
    ),
    groups: unless('network/cni', refused('there are no networks')),
    labels: harmless('they are for the network of that name'),
    port_mappings: unless('network/cni', refused('containers have the ports of the agent')),
  },
  linux_info: {
    capability_info: { isolator: 'linux/capabilities' },
    bounding_capabilities: { isolator: 'linux/capabilities' },
    effective_capabilities: { isolator: 'linux/capabilities' },
    share_pid_namespace: unless(
      'namespaces/pid',
      refusedIf((isShared: boolean) => !isShared, "containers share the agent's process ids"),
    ),
    seccomp: {
      profile_name: { isolator: 'linux/seccomp' },
      unconfined: WORKS,
    },
    ipc_mode: unless(
      'namespaces/ipc',
      refusedIf(
        (mode: LinuxInfo_IpcMode) => mode !== LinuxInfo_IpcMode.SHARE_PARENT,
        "containers share the agent's IPC and /dev/shm",
      ),
    ),
    shm_size: unless('namespaces/ipc', refused("containers share the agent's /dev/shm")),
    share_cgroups: WORKS,
  },
  rlimit_info: { rlimits: { isolator: 'posix/rlimits' } },
  tty_info: {
    window_size: {
      rows: refusedIf((rows: number) => rows > MAX_WINDOW, 'no terminal has so many'),
      columns: refusedIf((columns: number) => columns > MAX_WINDOW, 'no terminal has so many'),
    },
  },
};

const healthCheck: Fields<HealthCheck> = {
  delay_seconds: WORKS,
  interval_seconds: WORKS,
  timeout_seconds: WORKS,
  consecutive_failures: WORKS,
  grace_period_seconds: WORKS,
  type: WORKS,
  command: checkCommand,
  http: {
    protocol: WORKS,
    scheme: WORKS,
    port: WORKS,
    path: WORKS,
    statuses: harmless("any status from 200 to 399 is healthy, as with Mesos's own executors"),
  },
  tcp: { protocol: WORKS, port: WORKS },
};

const check: Fields<CheckInfo> = {
  type: WORKS,
  command: { command: checkCommand },
  http: { port: WORKS, path: WORKS },
  tcp: { port: WORKS },
  delay_seconds: WORKS,
  interval_seconds: WORKS,
  timeout_seconds: WORKS,
};

/** For a task of the built-in command executor. */
export const taskFields: Fields<TaskInfo> = {
  name: WORKS,
  task_id: WORKS,
  agent_id: WORKS,
  resources: resource,
  executor: WORKS,
  command: commandFields,
  container: containerFields,
  health_check: healthCheck,
  check,
  kill_policy: WORKS,
  data: harmless('it is for executors of your own'),
  labels: WORKS,
  discovery: WORKS,
  max_completion_time: WORKS,
  // Limits that no isolator enforces are refused before there is an executor.
  limits: WORKS,
};

/** For a framework's own executor. What its tasks ask for is the executor's business. */
export const executorFields: Fields<ExecutorInfo> = {
  type: WORKS,
  executor_id: WORKS,
  framework_id: WORKS,
  command: commandFields,
  container: containerFields,
  resources: resource,
  name: WORKS,
  source: WORKS,
  data: WORKS,
  discovery: WORKS,
  shutdown_grace_period: WORKS,
  labels: WORKS,
};

interface AnyFields {
  readonly [field: string]: AnyTreatment;
}
type AnyTreatment = typeof WORKS | Harmless | Isolated<never> | Refused<never> | AnyFields;

const isRefused = (treatment: AnyTreatment): treatment is Refused<never> =>
  typeof treatment === 'object' && 'refuse' in treatment && typeof treatment.refuse === 'function';

const isHarmless = (treatment: AnyTreatment): treatment is Harmless =>
  typeof treatment === 'object' &&
  'harmless' in treatment &&
  typeof treatment.harmless === 'string';

const isIsolated = (treatment: AnyTreatment): treatment is Isolated<never> =>
  typeof treatment === 'object' &&
  'isolator' in treatment &&
  (typeof treatment.isolator === 'string' || typeof treatment.isolator === 'function');

interface RefusalOptions {
  /** Stands before the path of a field. */
  readonly prefix?: string;
  /** The names of the agent's isolators. */
  readonly isolators?: readonly string[];
}

/**
 * Why a message is refused, by the first of its fields that asks for what Mesoscale does not do.
 */
export function refusalOf<M extends object>(
  fields: Fields<M>,
  message: M,
  { prefix = '', isolators = [] }: RefusalOptions = {},
): string | undefined {
  return firstRefusal(
    fields as AnyFields,
    message as Readonly<Record<string, unknown>>,
    prefix,
    isolators,
  );
}

function firstRefusal(
  fields: AnyFields,
  message: Readonly<Record<string, unknown>>,
  prefix: string,
  isolators: readonly string[],
): string | undefined {
  for (const [name, treatment] of Object.entries(fields)) {
    const value = message[name];
    if (value === undefined || treatment === WORKS || isHarmless(treatment)) {
      continue;
    }
    const path = prefix + name;
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      const why = isRefused(treatment)
        ? isIsolated(treatment) && hasOne(isolatorsFor(treatment, item), isolators)
          ? undefined
          : treatment.refuse(item as never, path)
        : isIsolated(treatment)
          ? isolatorError(isolatorsFor(treatment, item), path, isolators)
          : firstRefusal(
              treatment,
              item as Readonly<Record<string, unknown>>,
              `${path}.`,
              isolators,
            );
      if (why !== undefined) {
        return why;
      }
    }
  }
  return undefined;
}

const isolatorsFor = ({ isolator }: Isolated<never>, item: unknown): readonly string[] =>
  typeof isolator === 'string' ? [isolator] : isolator(item as never);

const hasOne = (able: readonly string[], isolators: readonly string[]) =>
  able.some((name) => isolators.includes(name));

const isolatorError = (able: readonly string[], path: string, isolators: readonly string[]) =>
  hasOne(able, isolators)
    ? undefined
    : `'${path}' is not supported: it needs an agent with ${able[0]} in its --isolation`;

export interface FieldTreatment {
  /** The path of the field, such as `container.linux_info.shm_size`. */
  readonly path: string;
  readonly treatment: 'works' | 'harmless' | 'isolated' | 'refused';
}

/** Every field that has a treatment, for documentation and tests. */
export function treatmentsOf<M>(fields: Fields<M>, prefix = ''): FieldTreatment[] {
  return Object.entries(fields as AnyFields).flatMap(([name, treatment]): FieldTreatment[] => {
    const path = prefix + name;
    if (treatment === WORKS) {
      return [{ path, treatment: 'works' }];
    }
    if (isHarmless(treatment)) {
      return [{ path, treatment: 'harmless' }];
    }
    if (isIsolated(treatment)) {
      return [{ path, treatment: 'isolated' }];
    }
    return isRefused(treatment)
      ? [{ path, treatment: 'refused' }]
      : treatmentsOf(treatment as Fields<object>, `${path}.`);
  });
}
