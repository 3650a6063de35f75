// Mesos's LogrotateContainerLogger: what containers print is kept in files that are rotated when
// they are full. The supervisor of a container rotates them itself, and no logrotate is run: that
// would be a program of the machine, outside of the container, in a folder that the container's
// user fills, with a configuration whose scripts a framework can write.
import { parseBytes } from '../../model/bytes.ts';
import { ContainerizerError } from '../containerizer-error.ts';

export interface RotatedFile {
  /** The file is rotated before it gets larger. */
  readonly maxBytes: number;
  /** How many full ones are kept, as NAME.1 (the latest), NAME.2, and so on. */
  readonly kept: number;
}

export interface RotatedOutput {
  readonly stdout: RotatedFile;
  readonly stderr: RotatedFile;
}

export interface ContainerLogger extends RotatedOutput {
  /** Variables of a command that begin so say otherwise for its container. */
  readonly environmentPrefix: string;
}

export const LOGROTATE_LOGGER = 'org_apache_mesos_LogrotateContainerLogger';

const STANDARD: RotatedFile = { maxBytes: 10 * 1024 * 1024, kept: 0 };
/** As in Mesos: a page of memory. */
const MIN_BYTES = 4096;
const MAX_KEPT = 100;

/** Parameters that are for programs of Mesos's that there are none of here. */
const NEEDLESS: ReadonlySet<string> = new Set([
  'launcher_dir',
  'logrotate_path',
  'libprocess_num_worker_threads',
]);

const FILES = ['stdout', 'stderr'] as const;

/** Of the module's parameters, by their names. Throws ContainerizerError. */
export function containerLogger(parameters: ReadonlyMap<string, string>): ContainerLogger {
  const { environment_variable_prefix: prefix = 'CONTAINER_LOGGER_', ...rest } =
    Object.fromEntries(parameters);
  const known = new Set(FILES.flatMap((file) => [sizeOf(file), optionsOf(file)]));
  const unknown = Object.keys(rest).find((name) => !known.has(name) && !NEEDLESS.has(name));
  if (unknown !== undefined) {
    throw new ContainerizerError(`${LOGROTATE_LOGGER} has no parameter '${unknown}'`);
  }
  return {
    environmentPrefix: prefix,
    ...rotated({ stdout: STANDARD, stderr: STANDARD }, (name) => rest[name]),
  };
}

/** For a container with these variables. Throws ContainerizerError. */
export const rotatedOutput = (
  logger: ContainerLogger,
  environment: Readonly<Record<string, string>>,
): RotatedOutput =>
  rotated(logger, (name) => environment[`${logger.environmentPrefix}${name.toUpperCase()}`]);

const sizeOf = (file: string) => `max_${file}_size`;
const optionsOf = (file: string) => `logrotate_${file}_options`;

function rotated(
  standard: RotatedOutput,
  given: (name: string) => string | undefined,
): RotatedOutput {
  const one = (file: 'stdout' | 'stderr'): RotatedFile => {
    const size = given(sizeOf(file));
    const options = given(optionsOf(file));
    return {
      maxBytes: size === undefined ? standard[file].maxBytes : maxBytes(sizeOf(file), size),
      kept: options === undefined ? standard[file].kept : kept(optionsOf(file), options),
    };
  };
  return { stdout: one('stdout'), stderr: one('stderr') };
}

function maxBytes(name: string, text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined || bytes < MIN_BYTES) {
    throw new ContainerizerError(
      `${LOGROTATE_LOGGER}: ${name} is '${text}', expected a size of at least ${MIN_BYTES}B, such as 10MB`,
    );
  }
  return bytes;
}

/** What logrotate would do anyway, or what the logger does by itself. */
const HARMLESS = /^(?:nocompress|missingok|notifempty|nocreate|nomail|size\s+\S+)$/;

/** The number of full files in lines of a logrotate configuration. */
function kept(name: string, options: string): number {
  let count = 0;
  for (const line of options.split('\n').map((each) => each.trim())) {
    const [, number] = /^rotate\s+(\d+)$/.exec(line) ?? [];
    if (number !== undefined) {
      count = Number(number);
    } else if (line !== '' && !line.startsWith('#') && !HARMLESS.test(line)) {
      throw new ContainerizerError(
        `${LOGROTATE_LOGGER}: '${line}' in ${name} is not supported: of logrotate's directives only ` +
          "'rotate COUNT' is, with those that change nothing",
      );
    }
  }
  if (count > MAX_KEPT) {
    throw new ContainerizerError(`${LOGROTATE_LOGGER}: ${name} keeps more than ${MAX_KEPT} files`);
  }
  return count;
}
