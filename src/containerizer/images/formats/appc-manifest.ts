// What the manifest of an App Container image says: what is run, and on which other images it
// stands. Pure.
import type { Image_Appc } from '../../../model/generated/messages.ts';
import { parseBoundedJson } from '../../../wire/json-text.ts';
import type { ImageConfig } from '../image.ts';
import {
  type Fields,
  FormatError,
  fieldsOf,
  listOf,
  optionalFields,
  optionalText,
  parsed,
  textOf,
  textsOf,
} from './fields.ts';

export const MOST_ACI_MANIFEST_BYTES = 1 << 20;
/** Of one image, not counting theirs. */
const MOST_DEPENDENCIES = 64;
/** Of a path in `pathWhitelist`: as many folders are open at once when that is heeded. */
const MOST_PATH_PARTS = 100;

export interface AppcManifest {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly config: ImageConfig;
  /** The lowest first. */
  readonly dependencies: readonly Image_Appc[];
  /** The only paths that are seen of all files; empty: all are. */
  readonly visible: readonly string[];
}

/** Throws ContainerizerError. */
export const readAppcManifest = (text: string): AppcManifest =>
  parsed('its manifest', () => {
    const fields = fieldsOf(parseBoundedJson(text), 'manifest');
    const kind = textOf(fields.acKind, 'acKind');
    if (kind !== 'ImageManifest') {
      throw new FormatError(`Incorrect acKind field: ${kind}`);
    }
    textOf(fields.acVersion, 'acVersion');
    const dependencies = listOf(fields.dependencies, 'dependencies');
    if (dependencies.length > MOST_DEPENDENCIES) {
      throw new FormatError(`'dependencies' has more than ${MOST_DEPENDENCIES} images`);
    }
    return {
      name: textOf(fields.name, 'name'),
      labels: pairsOf(fields.labels, 'labels'),
      config: configOf(optionalFields(fields.app, 'app')),
      dependencies: dependencies.map((each, i) => dependencyOf(each, `dependencies[${i}]`)),
      visible: visiblePaths(fields.pathWhitelist),
    };
  });

function visiblePaths(value: unknown): readonly string[] {
  const paths = textsOf(value, 'pathWhitelist');
  const deep = paths.findIndex((path) => path.split('/').length > MOST_PATH_PARTS);
  if (deep >= 0) {
    throw new FormatError(`'pathWhitelist[${deep}]' has more than ${MOST_PATH_PARTS} parts`);
  }
  return paths;
}

function configOf(app: Fields): ImageConfig {
  const [program, ...others] = textsOf(app.exec, 'app.exec');
  const environment = [...pairsOf(app.environment, 'app.environment')];
  const faulty = environment.findIndex(([name]) => name === '' || name.includes('='));
  if (faulty >= 0) {
    throw new FormatError(`'app.environment[${faulty}].name' must be the name of a variable`);
  }
  return {
    entrypoint: program === undefined ? [] : [program],
    command: others,
    environment: environment.map((pair) => pair.join('=')),
    workingDirectory: optionalText(app.workingDirectory, 'app.workingDirectory'),
  };
}

function dependencyOf(value: unknown, place: string): Image_Appc {
  const { imageName, imageID, labels } = fieldsOf(value, place);
  const id = optionalText(imageID, `${place}.imageID`);
  const pairs = [...pairsOf(labels, `${place}.labels`)];
  return {
    name: textOf(imageName, `${place}.imageName`),
    ...(id !== undefined && { id }),
    labels: { labels: pairs.map(([key, value]) => ({ key, value })) },
  };
}

/** A list of objects with a name and a value; of several of one name the last counts. */
const pairsOf = (value: unknown, place: string): ReadonlyMap<string, string> =>
  new Map(
    listOf(value, place).map((each, i) => {
      const { name, value } = fieldsOf(each, `${place}[${i}]`);
      return [textOf(name, `${place}[${i}].name`), textOf(value, `${place}[${i}].value`)] as const;
    }),
  );
