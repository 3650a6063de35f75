// Which isolators a container has: those of --isolation, or, if it is of type DOCKER, those that
// such containers have. What is nested in a container has the same.
import { rootOf } from '../../model/container-id.ts';
import type { ContainerId } from '../../model/ids.ts';
import { type ContainerRequest, isOfDocker } from '../plan/request.ts';
import { DOCKER_CONTAINERS } from './docker-containers.ts';
import type { Isolator } from './isolator.ts';

export class IsolatorSets {
  readonly #mesos: readonly Isolator[];
  readonly #docker: readonly Isolator[] | undefined;
  readonly #ofDocker = new Set<ContainerId>();

  /** `docker`: undefined where there are no containers of type DOCKER. */
  constructor(mesos: readonly Isolator[], docker: readonly Isolator[] | undefined) {
    this.#mesos = mesos;
    this.#docker = docker;
  }

  /** Each once. */
  get all(): readonly Isolator[] {
    const more = this.#docker ?? [];
    return [
      ...this.#mesos,
      ...more.filter((it) => !this.#mesos.some(({ name }) => name === it.name)),
    ];
  }

  /** Of a container that is to be launched. */
  for(request: ContainerRequest): readonly Isolator[] {
    return this.#docker !== undefined && isOfDocker(request) ? this.#docker : this.#mesos;
  }

  /** A container has begun to be, and is known until it is forgotten. */
  begin(request: ContainerRequest): void {
    if (isOfDocker(request)) {
      this.#ofDocker.add(request.id);
    }
  }

  /** Takes over a container that an earlier agent launched with these. */
  recover(id: ContainerId, names: readonly string[]): void {
    if (names.includes(DOCKER_CONTAINERS)) {
      this.#ofDocker.add(id);
    }
  }

  isOfDocker(id: ContainerId): boolean {
    return this.#ofDocker.has(rootOf(id));
  }

  of(id: ContainerId): readonly Isolator[] {
    return this.isOfDocker(id) ? (this.#docker ?? this.#mesos) : this.#mesos;
  }

  forget(id: ContainerId): void {
    this.#ofDocker.delete(id);
  }
}
