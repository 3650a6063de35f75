// Role names: `*`, or a path of components such as `ads/spark`.

/** Whether a character is forbidden in a component: white space and delete. */
const isForbidden = (code: number) => (code >= 9 && code <= 13) || code === 32 || code === 127;

/** The most characters of a role name. */
const MAX_ROLE_LENGTH = 1024;
/**
 * The most components of a role name: each is a node in the tree of roles, and walks along them are
 * frequent.
 */
const MAX_ROLE_LEVELS = 64;

/**
 * Why a role name is too large. Mesos has no such bounds; without them one role could cost as much
 * as all others together.
 */
export function roleSizeError(role: string): string | undefined {
  if (role.length > MAX_ROLE_LENGTH) {
    return `Role '${role.slice(0, 32)}…' is longer than ${MAX_ROLE_LENGTH} characters`;
  }
  const levels = role.split('/').length;
  return levels > MAX_ROLE_LEVELS
    ? `Role '${role.slice(0, 32)}…' has ${levels} components: ${MAX_ROLE_LEVELS} are allowed`
    : undefined;
}

/** Why a role name is not valid, in Mesos's words. */
export function roleError(role: string): string | undefined {
  if (role === '*') {
    return undefined;
  }
  if (role === '') {
    return 'Role names cannot be the empty string';
  }
  const size = roleSizeError(role);
  if (size !== undefined) {
    return size;
  }
  if (role.startsWith('/')) {
    return `Role '${role}' cannot start with a slash`;
  }
  if (role.endsWith('/')) {
    return `Role '${role}' cannot end with a slash`;
  }
  if (role.includes('//')) {
    return `Role '${role}' cannot contain two adjacent slashes`;
  }
  for (const component of role.split('/')) {
    const error = componentError(role, component);
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
}

function componentError(role: string, component: string): string | undefined {
  if (component === '.' || component === '..' || component === '*') {
    return `Role '${role}' cannot include '${component}' as a component`;
  }
  if (component.startsWith('-')) {
    return `Role component '${component}' is invalid because it starts with a dash`;
  }
  for (let i = 0; i < component.length; i++) {
    if (isForbidden(component.charCodeAt(i))) {
      return `Role component '${component}' is invalid because it contains backspace or whitespace`;
    }
  }
  return undefined;
}

/** `a/b/c` has the ancestors `a/b` and `a`, nearest first. */
export function roleAncestors(role: string): string[] {
  const ancestors: string[] = [];
  for (let slash = role.lastIndexOf('/'); slash > 0; slash = role.lastIndexOf('/', slash - 1)) {
    ancestors.push(role.slice(0, slash));
  }
  return ancestors;
}

/**
 * How many roles there are, all ancestors included, each counted once; counting stops beyond
 * `most`.
 */
export function treeSize(roles: Iterable<string>, most: number): number {
  const tree = new Set<string>();
  for (const role of roles) {
    // If a role is in the tree, all its ancestors are, too.
    for (let at = role; !tree.has(at) && tree.size <= most; ) {
      tree.add(at);
      const slash = at.lastIndexOf('/');
      at = slash < 0 ? at : at.slice(0, slash);
    }
    if (tree.size > most) {
      break;
    }
  }
  return tree.size;
}

export const isStrictSubrole = (role: string, ancestor: string) => role.startsWith(`${ancestor}/`);

/** Whether a role is the root or below it. */
export const isInSubtree = (role: string, root: string) =>
  role === root || isStrictSubrole(role, root);
