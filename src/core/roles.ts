// Numbers of roles. The module is told of a role and its ancestors when the role's name first
// occurs; a role is forgotten when nothing in the module refers to it any more.
import { roleSizeError } from '../model/role.ts';
import { checkText } from './arguments.ts';
import { accepted, CoreError, type CoreModule, checked } from './module.ts';
import { NameOrder } from './name-order.ts';

export interface RolesSnapshot {
  readonly paths: readonly string[];
  readonly ranks: readonly (readonly [string, number])[];
}

const SWEEP_ROLES = 2048;
/**
 * The most roles that are added between sweeps: forgotten roles take room from others until then.
 */
const MAX_SWEEP_ROLES = 100_000;

/** The rank of a role's own frameworks among its children is that of this name. */
const leafOf = (path: string) => `${path}/.`;
const pathOf = (name: string) => (name.endsWith('/.') ? name.slice(0, -2) : name);

export class Roles {
  readonly #module: CoreModule;
  readonly #numbers = new Map<string, number>();
  /** Paths by number; the root is 0 and has no path. */
  readonly #paths: string[] = [''];
  readonly #ranks: NameOrder;
  /** Roles with ranks that the module has not been told yet. */
  readonly #reranked = new Set<string>();
  #sweepAt = SWEEP_ROLES;

  constructor(module: CoreModule) {
    this.#module = module;
    this.#ranks = new NameOrder((name) => this.#reranked.add(pathOf(name)));
  }

  /** The number of a role; undefined where it is not known. */
  find(path: string): number | undefined {
    return this.#numbers.get(path);
  }

  number(path: string): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) {
      return known;
    }
    this.learn([path]);
    return this.#numbers.get(path) as number;
  }

  /** Adds several roles, and then tells the module once of all ranks that have changed. */
  learn(paths: Iterable<string>): void {
    try {
      for (const path of paths) {
        if (this.#numbers.has(path)) {
          continue;
        }
        checkText(path, 'role');
        const size = roleSizeError(path);
        if (size !== undefined) {
          throw new CoreError('BAD_ARGUMENT', size);
        }
        if (path.split('/').includes('')) {
          throw new CoreError('BAD_ARGUMENT', `'${path}' is no role: a name is empty`);
        }
        this.#add(path);
      }
    } finally {
      this.#rerank();
    }
  }

  #add(path: string): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) {
      return known;
    }
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? 0 : this.#add(path.slice(0, slash));
    // Both names are added before their ranks are read: adding one may change the rank of the
    // other.
    this.#ranks.add(leafOf(path));
    const rank = this.#ranks.add(path);
    const own = this.#ranks.add(leafOf(path));
    const role = checked(this.#module.exports.addRole(parent, rank, own), path);
    this.#numbers.set(path, role);
    this.#paths[role] = path;
    return role;
  }

  /** How many roles would be known with these added. */
  countWith(paths: Iterable<string>): number {
    const news = new Set<string>();
    for (const path of paths) {
      // If a role is known, all its ancestors are, too.
      for (let at = path; !this.#numbers.has(at) && !news.has(at); ) {
        news.add(at);
        const slash = at.lastIndexOf('/');
        at = slash < 0 ? at : at.slice(0, slash);
      }
    }
    return this.#numbers.size + news.size;
  }

  /**
   * When there are many roles, forgets those that nothing in the module refers to: frameworks can
   * create any number of roles. Must run between calls, when no number of a role is in use.
   */
  sweep(): void {
    if (this.#numbers.size < this.#sweepAt) {
      return;
    }
    // Children before their parents.
    const paths = [...this.#numbers.keys()].sort((a, b) => b.length - a.length);
    for (const path of paths) {
      const role = this.#numbers.get(path) as number;
      if (this.#module.exports.dropRole(role) !== 0) {
        continue;
      }
      this.#numbers.delete(path);
      this.#paths[role] = '';
      this.#ranks.remove(path);
      this.#ranks.remove(`${path}/.`);
    }
    const { size } = this.#numbers;
    this.#sweepAt = Math.max(size + SWEEP_ROLES, Math.min(size * 2, MAX_SWEEP_ROLES));
  }

  path(role: number): string {
    return this.#paths[role] ?? '';
  }

  get paths(): readonly string[] {
    return this.#paths;
  }

  save(): RolesSnapshot {
    return { paths: this.#paths, ranks: this.#ranks.save() };
  }

  restore(saved: RolesSnapshot): void {
    saved.paths.forEach((path, role) => {
      this.#paths[role] = path;
      if (path !== '') {
        this.#numbers.set(path, role);
      }
    });
    this.#ranks.restore(saved.ranks);
  }

  #rerank(): void {
    for (const path of this.#reranked) {
      const role = this.#numbers.get(path);
      if (role === undefined) {
        continue;
      }
      accepted(
        this.#module.exports.setRoleRank(
          role,
          this.#ranks.add(path),
          this.#ranks.add(leafOf(path)),
        ),
      );
    }
    this.#reranked.clear();
  }
}
