// An agent without images may come after one that had them: what containers of that one have of
// images goes as ever, with the containers.
import { existsSync } from 'node:fs';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerRoots } from './container-roots.ts';
import type { Provisioner } from './provisioner.ts';

export class LeftRoots implements Pick<Provisioner, 'recover' | 'destroy'> {
  readonly #folder: string;
  readonly #warn: (text: string) => void;
  /** Undefined where no container has any. */
  #roots: ContainerRoots | undefined;

  /** `folder`: that of the roots. */
  constructor(folder: string, warn: (text: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  async recover(known: ReadonlySet<ContainerId>): Promise<void> {
    if (!existsSync(this.#folder)) {
      return;
    }
    const roots = new ContainerRoots(this.#folder, this.#warn);
    const { unneeded, left } = await roots.sorted(known);
    for (const id of unneeded) {
      await roots.remove(id);
    }
    await roots.clear();
    this.#roots = left.length === 0 ? undefined : roots;
  }

  async destroy(id: ContainerId): Promise<void> {
    await this.#roots?.remove(id);
  }

  async close(): Promise<void> {
    await this.#roots?.close();
  }
}
