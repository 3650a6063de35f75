// Numbers of roles. A role is made known to the module with all its ancestors when its name first
// comes, and forgotten when nothing in the module speaks of it any more.
import { roleSizeError } from '../model/role.ts';
import { accepted, CoreError, type CoreModule, checked } from './module.ts';
import { NameOrder } from './name-order.ts';

export interface RolesSnapshot {
  readonly paths: readonly string[];
  readonly ranks: readonly (readonly [string, number])[];
}

const SWEEP_ROLES = 2048;
/** Those that are forgotten must not take the room of others for long. */
const MAX_SWEEP_ROLES = 100_000;

/** The virtual leaf of a role that competes with its children is named after it, with a dot. */
const leafOf = (path: string) => `${path}/.`;
const pathOf = (name: string) => (name.endsWith('/.') ? name.slice(0, -2) : name);

export class Roles {
  readonly #module: CoreModule;
  readonly #numbers = new Map<string, number>();
  /** Paths by number; the root is 0 and has none. */
  readonly #paths: string[] = [''];
  readonly #ranks: NameOrder;
  /** Roles whose ranks are others than the module knows, while some are added. */
  readonly #reranked = new Set<string>();
  #sweepAt = SWEEP_ROLES;

  constructor(module: CoreModule) {
    this.#module = module;
    this.#ranks = new NameOrder((name) => this.#reranked.add(pathOf(name)));
  }

  /** The number of a role that is known; undefined otherwise. */
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

  /**
   * Makes roles known at once, so that those whose ranks they change are told to the module once.
   */
  learn(paths: Iterable<string>): void {
    try {
      for (const path of paths) {
        if (this.#numbers.has(path)) {
          continue;
        }
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
    // Both names are there before either's rank is read: the second may change the first one's.
    this.#ranks.add(leafOf(path));
    const rank = this.#ranks.add(path);
    const own = this.#ranks.add(leafOf(path));
    const role = checked(this.#module.exports.addRole(parent, rank, own), path);
    this.#numbers.set(path, role);
    this.#paths[role] = path;
    return role;
  }

  /** How many roles would be known if these were, too. */
  countWith(paths: Iterable<string>): number {
    const news = new Set<string>();
    for (const path of paths) {
      // What is known is known with all above it.
      for (let at = path; !this.#numbers.has(at) && !news.has(at); ) {
        news.add(at);
        const slash = at.lastIndexOf('/');
        at = slash < 0 ? at : at.slice(0, slash);
      }
    }
    return this.#numbers.size + news.size;
  }

  /**
   * Forgets roles that nothing speaks of any more, when there are many: frameworks make new ones at
   * will. Only between calls, when no number of a role is on its way.
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
