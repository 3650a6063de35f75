// The configuration of a network as the CNI specification has it: a file with one plugin, or with a
// list of those that are run one after the other.
import {
  type Fields,
  FormatError,
  fieldsOf,
  jsonOf,
  listOf,
  optionalFields,
  optionalText,
  textOf,
  textsOf,
} from '../../images/formats/fields.ts';
import { checkValues } from './json-values.ts';
import { expandedPortMapper, PORT_MAPPER } from './port-mapper.ts';
import { type CniVersion, FIRST_VERSION, highestVersion, KNOWN_VERSIONS } from './versions.ts';

export interface NetworkList {
  readonly name: string;
  readonly cniVersion: CniVersion;
  /** In the order in which they attach a container; there is at least one. */
  readonly plugins: readonly PluginConfiguration[];
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
}

export interface PluginConfiguration {
  /** The name of its program. */
  readonly type: string;
  /** The name of the program that gives it addresses. */
  readonly ipam?: string | undefined;
  /** What it takes for each container, such as portMappings. */
  readonly capabilities: readonly string[];
  /** All that its configuration says, to be handed on. */
  readonly raw: Fields;
}

export interface ReadConfiguration {
  readonly list: NetworkList;
  /** What of it has no effect, for the operator. */
  readonly remarks: readonly string[];
}

const MAX_PLUGINS = 32;
/** Plugins keep files of that name. */
const MAX_NAME = 200;
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** The entry of `args` that is the agent's. */
export const MESOS_ARGS = 'org.apache.mesos';

/** Throws FormatError or WireError, with what is wrong and what was expected. */
export function networkListIn(bytes: Uint8Array): ReadConfiguration {
  const json = jsonOf(bytes);
  checkValues(json);
  const file = fieldsOf(json, 'the configuration');
  const remarks: string[] = [];
  const written = isList(file) ? pluginsOf(file) : [file];
  const isMapper = ({ type }: Fields) => type === PORT_MAPPER;
  const plugins = written.flatMap((fields) =>
    isMapper(fields) ? expandedPortMapper(fields, remarks) : [fields],
  );
  const list = {
    name: nameOf(file),
    cniVersion: versionOf(file, plugins),
    plugins: plugins.map((fields, at) => pluginOf(fields, isList(file) ? `plugins[${at}].` : '')),
    // Mesos's port mapper has no checks, and those of portmap find fault with IPv6 where there is
    // none.
    disableCheck: switchOf(file, 'disableCheck') || written.some(isMapper),
    disableGC: switchOf(file, 'disableGC'),
  };
  return { list, remarks };
}

const isList = (file: Fields) => file.plugins !== undefined && file.plugins !== null;

function pluginsOf(file: Fields): Fields[] {
  const plugins = listOf(file.plugins, 'plugins');
  if (plugins.length === 0 || plugins.length > MAX_PLUGINS) {
    throw new FormatError(`'plugins' must have 1 to ${MAX_PLUGINS} entries: ${plugins.length}`);
  }
  return plugins.map((each, at) => fieldsOf(each, `plugins[${at}]`));
}

function nameOf(file: Fields): string {
  const name = textOf(file.name, 'name');
  if (!NAME.test(name) || name.length > MAX_NAME) {
    throw new FormatError(
      `'name' must begin with a letter or digit, and have only these, '_', '.' and '-' after it, ` +
        `${MAX_NAME} at most: '${name.slice(0, MAX_NAME)}'`,
    );
  }
  return name;
}

/** Mesos's port mapper is often configured without one, while its delegate has one. */
function versionOf(file: Fields, [first]: readonly Fields[]): CniVersion {
  const written = optionalText(file.cniVersion ?? first?.cniVersion, 'cniVersion');
  const texts = [...textsOf(file.cniVersions, 'cniVersions'), ...(written ? [written] : [])];
  if (texts.length === 0) {
    return FIRST_VERSION;
  }
  const version = highestVersion(texts);
  if (version === undefined) {
    throw new FormatError(
      `'cniVersion' must be one of ${KNOWN_VERSIONS}: '${texts.join("', '").slice(0, MAX_NAME)}'`,
    );
  }
  return version;
}

function pluginOf(raw: Fields, place: string): PluginConfiguration {
  const { ipam } = raw;
  checkArgs(raw, place);
  return {
    type: programOf(raw.type, `${place}type`),
    ipam: optionalText(optionalFields(ipam, `${place}ipam`).type, `${place}ipam.type`),
    capabilities: capabilitiesOf(raw, place),
    raw,
  };
}

/** Found in the folders of plugins, and nowhere else. */
function programOf(value: unknown, place: string): string {
  const name = textOf(value, place);
  if (name === '' || name === '.' || name === '..' || /[/\\]/.test(name)) {
    throw new FormatError(`'${place}' must be the name of a program, not a path: '${name}'`);
  }
  return name;
}

function capabilitiesOf(raw: Fields, place: string): string[] {
  const where = `${place}capabilities`;
  return Object.entries(optionalFields(raw.capabilities, where)).flatMap(([name, value]) => {
    if (typeof value !== 'boolean') {
      throw new FormatError(`'${where}.${name}' must be true or false`);
    }
    return value ? [name] : [];
  });
}

function checkArgs(raw: Fields, place: string): void {
  if (Object.hasOwn(optionalFields(raw.args, `${place}args`), MESOS_ARGS)) {
    throw new FormatError(`'${MESOS_ARGS}' in '${place}args' must not be set: it is the agent's`);
  }
}

/** As text it is taken, too, as by other runtimes. */
function switchOf(file: Fields, name: string): boolean {
  const value = file[name] ?? false;
  if (typeof value !== 'boolean' && value !== 'true' && value !== 'false') {
    throw new FormatError(`'${name}' must be true or false`);
  }
  return value === true || value === 'true';
}
