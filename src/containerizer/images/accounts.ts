// The accounts that an image brings: its files of users and groups, as a container made of it would
// find them before anything runs there. Layers are the agent's own, and nobody changes them; their
// links are followed as in the container, and never out of the image.
import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Accounts } from '../plan/docker/docker-user.ts';
import type { RootFileSystem } from './provisioner.ts';

const MOST_BYTES = 2 ** 20;
const MOST_LINKS = 40;

export function accountsOf(root: RootFileSystem): Accounts {
  // The highest first.
  const layers = root.kind === 'overlay' ? [...root.layers].reverse() : [root.path];
  return { users: textAt(layers, '/etc/passwd'), groups: textAt(layers, '/etc/group') };
}

/** Empty where there is no such file, or none that is to be read. */
function textAt(layers: readonly string[], path: string): string {
  const found = find(layers, path);
  return found?.status.isFile() === true && found.status.size <= MOST_BYTES
    ? readFileSync(found.path, 'utf8')
    : '';
}

interface Found {
  readonly path: string;
  readonly status: Stats;
}

/** What is at an absolute path, after all links. */
function find(layers: readonly string[], path: string): Found | undefined {
  let left = path.split('/').filter(Boolean);
  let here: string[] = [];
  let found: Found | undefined;
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...rest] = left;
    found = entryAt(layers, [...here, name]);
    if (found === undefined) {
      return undefined;
    }
    if (found.status.isSymbolicLink()) {
      links++;
      if (links > MOST_LINKS) {
        return undefined;
      }
      const target = resolve(`/${here.join('/')}`, readlinkSync(found.path));
      left = [...target.split('/').filter(Boolean), ...rest];
      here = [];
    } else {
      here = [...here, name];
      left = rest;
    }
  }
  return found;
}

/**
 * In the highest layer that has it. What a layer takes away is a device there; what it has in place
 * of a folder hides what is below that.
 */
function entryAt(layers: readonly string[], names: readonly string[]): Found | undefined {
  for (const layer of layers) {
    let path = layer;
    let status: Stats | undefined;
    for (const [index, name] of names.entries()) {
      path = join(path, name);
      status = lstatSync(path, { throwIfNoEntry: false });
      if (status === undefined) {
        break;
      }
      if (status.isCharacterDevice() || (index < names.length - 1 && !status.isDirectory())) {
        return undefined;
      }
    }
    if (status !== undefined) {
      return { path, status };
    }
  }
  return undefined;
}
