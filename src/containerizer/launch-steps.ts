// The steps of a launch, each after what a later agent must know of it is on record. What they have
// made is undone by the containerizer, whichever step fails.
import { dirname } from 'node:path';
import { parentOf } from '../model/container-id.ts';
import type { Image } from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import { applySettings, makeCgroups } from './cgroups/cgroups.ts';
import type { Placements } from './cgroups/placements.ts';
import { ContainerizerError } from './containerizer-error.ts';
import type { Fetcher } from './fetcher/fetcher.ts';
import { type Identity, type Users, withGroups } from './host/users.ts';
import { identityOf } from './identity.ts';
import { OWN_ROOT } from './images/container-roots.ts';
import type { ProvisionedImage, Provisioner } from './images/provisioner.ts';
import { withIdentity } from './inside-identity.ts';
import type { IsolatorSets } from './isolators/isolator-sets.ts';
import type { Container, Launcher } from './launchers/launcher.ts';
import type { Networks } from './networks/networks.ts';
import { layered } from './plan/command-line.ts';
import { imagesAsked } from './plan/images.ts';
import {
  type ContainerPlan,
  type PlanHost,
  type Planned,
  planContainer,
  refusalError,
  refused,
} from './plan/plan.ts';
import { type ContainerRequest, isOfDocker, placeOf } from './plan/request.ts';
import { rootSandbox, sandboxPlace } from './plan/sandbox-path.ts';
import { hasOwnNamespaces } from './plan/surroundings.ts';
import { linkTargets } from './plan/volume-links.ts';
import { noteEmpty } from './records/empty-record.ts';
import { notedGroups, noteGroups } from './records/groups-record.ts';
import { notedPlace, notePlace } from './records/place-record.ts';
import type { RunRecords } from './records/run-records.ts';
import { loginIn } from './sandboxes/registry-login.ts';
import {
  createNestedSandbox,
  createOutput,
  createSandbox,
  createStandaloneSandbox,
  removeSandbox,
} from './sandboxes/sandboxes.ts';
import { resolvedRequest, type SecretResolver } from './secrets/secret-resolver.ts';
import { Starts } from './starts.ts';
import type { Making } from './tree.ts';
import { Turns } from './turns.ts';
import { groupsOfVolumes } from './volumes/shared-volumes.ts';
import type { VolumeGids } from './volumes/volume-gids.ts';
import { frameworkOf, type WorkDirectory } from './work-directory.ts';

export interface LaunchOptions {
  readonly abort: AbortSignal;
  /** Whether the container may run as this user. */
  readonly mayRunAs?: ((user: string) => boolean) | undefined;
}

/** Counts since the agent's start. */
export interface ContainerizerCounts {
  /** Containers whose files were fetched, and containers with a file that could not be fetched. */
  fetched: number;
  notFetched: number;
  /** Containers with processes that could not be killed. */
  notDestroyed: number;
}

/** A request, and the plan that follows from it. */
interface Requested {
  readonly request: ContainerRequest;
  readonly plan: ContainerPlan;
}

export interface LaunchParts {
  readonly work: WorkDirectory;
  readonly records: RunRecords;
  readonly users: Users;
  readonly host: PlanHost;
  readonly isolators: IsolatorSets;
  readonly placements: Placements;
  readonly launcher: Launcher;
  readonly fetcher: Fetcher;
  /** Whether containers end that have more on disks than they were given. */
  readonly isDiskEnforced: boolean;
  /** Undefined: secrets by reference are refused. */
  readonly secrets: SecretResolver | undefined;
  /** Undefined: shared volumes belong to users only. */
  readonly gids: VolumeGids | undefined;
  /** Undefined where the plans of this agent's host have no images. */
  readonly provisioner: Provisioner | undefined;
  readonly networks: Networks;
  readonly counts: ContainerizerCounts;
}

export class LaunchSteps {
  readonly #of: LaunchParts;
  readonly #turns = new Turns();
  readonly #starts = new Starts();

  constructor(parts: LaunchParts) {
    this.#of = parts;
  }

  /** Up to the point where the container's process exists and is held. */
  async make(
    request: ContainerRequest,
    options: LaunchOptions,
    reached: (state: Making) => void,
  ): Promise<Container> {
    const { plan, identity } = await this.#begin(request, options, reached);
    if (request.note !== undefined) {
      this.#of.records.note(plan.id, 'task', request.note);
    }
    reached('fetching');
    if (!isOfDocker(request)) {
      await this.#fetch(plan, identity, options.abort);
    }
    return this.#inTurn(options.abort, () => {
      reached('isolating');
      this.#of.placements.note(plan.id, plan.cgroups);
      if (parentOf(plan.id) !== undefined) {
        // The launcher makes the container's own, but none that are missing above them.
        makeCgroups(plan.cgroups.own.map((folder) => dirname(folder)));
      }
      return this.#hold(plan, identity);
    });
  }

  /** Of a container without a process. */
  async makeEmpty(
    request: ContainerRequest,
    options: LaunchOptions,
    reached: (state: Making) => void,
  ): Promise<Container | undefined> {
    const { plan, identity } = await this.#begin({ ...request, isEmpty: true }, options, reached);
    noteEmpty(this.#of.records, plan.id);
    this.#of.records.note(plan.id, 'environment', JSON.stringify(plan.environment));
    reached('isolating');
    this.#of.placements.note(plan.id, plan.cgroups);
    makeCgroups(plan.cgroups.own);
    if (!hasOwnNamespaces(plan.namespaces)) {
      await this.#isolate(plan);
      return undefined;
    }
    // Namespaces last as long as a process that is in them.
    const holder = await this.#inTurn(options.abort, () => this.#hold(plan, identity));
    holder.release();
    return holder;
  }

  /** Waits until there is room for one more start, which is over when the process begins. */
  async #inTurn(abort: AbortSignal, hold: () => Promise<Container>): Promise<Container> {
    const over = await this.#starts.begin(abort);
    try {
      const container = await this.#turns.run(() => {
        abort.throwIfAborted();
        return hold();
      });
      void container.begun.then(over);
      return container;
    } catch (error) {
      over();
      throw error;
    }
  }

  /** The container's process, which is held, and limited already. */
  async #hold(plan: ContainerPlan, identity: Identity | undefined): Promise<Container> {
    if (plan.cgroups.memory !== undefined) {
      this.#of.records.expectMemory(plan.id);
    }
    const container = await this.#of.launcher.launch(plan, identity);
    try {
      await this.#isolate(plan);
    } catch (error) {
      container.destroy();
      await container.ended;
      throw error;
    }
    return container;
  }

  /** Says what holds in the container's cgroups, before its process begins. */
  async #isolate({ cgroups: { settings, devices } }: ContainerPlan): Promise<void> {
    applySettings(settings);
    if (devices !== undefined) {
      await this.#of.launcher.limitDevices(devices);
    }
  }

  /** The part of every launch before its own: the records come first. */
  async #begin(
    asked: ContainerRequest,
    { abort, mayRunAs }: LaunchOptions,
    reached: (state: Making) => void,
  ): Promise<{ readonly plan: ContainerPlan; readonly identity: Identity | undefined }> {
    const request = await this.#withSecrets(asked, abort);
    const planned = await this.#turns.run(() => this.#planned(request));
    if (planned.kind === 'refusal') {
      await this.#leaveEmpty(request);
      throw refusalError(planned);
    }
    const identity = await identityOf(planned.plan, request.kind, this.#of.users, mayRunAs);
    await this.#clearPlace(request);
    await this.#turns.run(() => {
      abort.throwIfAborted();
      this.#of.isolators.begin(request);
      this.#of.records.create(request.id);
      notePlace(this.#of.records, request.id, {
        place: placeOf(request),
        isolators: this.#of.isolators.for(request).map(({ name }) => name),
      });
      this.#createSandbox(request, planned.plan, identity);
    });
    const login = isOfDocker(request)
      ? await this.#fetchLogin(planned.plan, identity, abort)
      : undefined;
    const withImages = await this.#withImages({ ...request, login }, planned.plan, abort);
    const plan = withIdentity(await this.#withNetwork(withImages, abort));
    reached('preparing');
    for (const isolator of this.#of.isolators.for(request)) {
      await isolator.prepare?.(plan, abort);
    }
    return { plan, identity: await this.#withGroups(plan, identity, abort) };
  }

  async #withSecrets(request: ContainerRequest, abort: AbortSignal): Promise<ContainerRequest> {
    const { secrets } = this.#of;
    if (secrets === undefined) {
      return request;
    }
    try {
      return await resolvedRequest(request, secrets, abort);
    } catch (error) {
      await this.#leaveEmpty(request);
      throw error;
    }
  }

  /**
   * As with Mesos, whoever looks for what a container has left that was refused finds an empty
   * sandbox.
   */
  async #leaveEmpty(request: ContainerRequest): Promise<void> {
    const { id, kind, sandbox, task } = request;
    if (kind === 'executor') {
      createSandbox(this.#of.work, sandbox, undefined);
    } else if (parentOf(id) !== undefined) {
      await this.#clearPlace(request);
      const place = sandboxPlace(id, sandbox);
      const nested = { ...place, task: task?.task_id.value, links: new Map() };
      createNestedSandbox(this.#of.work, nested, undefined);
    }
  }

  /** Who runs in it has the groups of its volumes; a session those of what it looks into. */
  async #withGroups(
    plan: ContainerPlan,
    identity: Identity | undefined,
    abort: AbortSignal,
  ): Promise<Identity | undefined> {
    const { gids, records } = this.#of;
    if (identity === undefined) {
      return undefined;
    }
    const inherited = plan.inside === undefined ? [] : notedGroups(records, plan.inside);
    const given = gids === undefined ? [] : await groupsOfVolumes(plan, identity, gids, abort);
    const groups = [...new Set([...inherited, ...given])];
    if (groups.length === 0) {
      return identity;
    }
    abort.throwIfAborted();
    noteGroups(records, plan.id, groups);
    gids?.hold(plan.id, groups);
    return withGroups(identity, groups);
  }

  #planned(request: ContainerRequest): Planned {
    const { host, placements, isolators } = this.#of;
    const parent = parentOf(request.id);
    if (parent !== undefined && isolators.isOfDocker(request.id)) {
      const why = this.#objection(request, parent);
      if (why !== undefined) {
        return refused(why);
      }
    }
    const parentCgroups = parent && placements.of(parent);
    const networkAbove = this.#of.networks.of(parent);
    const above = { parentCgroups, networkAbove };
    return planContainer(request, { ...host, ...above }, isolators.for(request));
  }

  /** As in Mesos, files of a container of type DOCKER come first: a login may be among them. */
  async #fetchLogin(
    plan: ContainerPlan,
    identity: Identity | undefined,
    abort: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    await this.#fetch(plan, identity, abort);
    return plan.uris.length === 0 ? undefined : loginIn(plan.sandbox);
  }

  /** Why a container of type DOCKER has none such in it. */
  #objection({ kind, user, container }: ContainerRequest, parent: ContainerId): string | undefined {
    if (kind !== 'debug') {
      return 'Nothing can be nested in a container of type DOCKER';
    }
    const isOther = user !== notedPlace(this.#of.records, parent)?.place.user;
    return isOther || container?.linux_info !== undefined
      ? 'A session in a container of type DOCKER has the user and the capabilities of its command'
      : undefined;
  }

  /** What an image says may change the plan, or be a reason to refuse it after all. */
  async #withImages(
    request: ContainerRequest,
    plan: ContainerPlan,
    abort: AbortSignal,
  ): Promise<Requested> {
    const asked = imagesAsked(request);
    const { provisioner } = this.#of;
    if (asked === undefined) {
      return { request, plan };
    }
    if (provisioner === undefined) {
      throw new Error('A container with images was planned where there are none');
    }
    const provision = (name: string, image: Image) =>
      provisioner.provision(request.id, name, image, abort, frameworkOf(request.sandbox));
    const rootfs = asked.rootfs && (await provision(OWN_ROOT, asked.rootfs));
    const volumes: ProvisionedImage[] = [];
    for (const [index, image] of asked.volumes.entries()) {
      volumes.push(await provision(`volume-${index}`, image));
    }
    abort.throwIfAborted();
    return this.#planAgain({ ...request, images: { rootfs, volumes } });
  }

  /** What networks say when they are there becomes a part of the plan, too. */
  async #withNetwork({ request, plan }: Requested, abort: AbortSignal): Promise<ContainerPlan> {
    if (plan.network === undefined) {
      return plan;
    }
    const network = await this.#of.networks.attach(request.id, plan.network, abort);
    abort.throwIfAborted();
    return this.#planAgain({ ...request, network }).plan;
  }

  #planAgain(request: ContainerRequest): Requested {
    const planned = this.#planned(request);
    if (planned.kind === 'refusal') {
      throw refusalError(planned);
    }
    return { request, plan: planned.plan };
  }

  /**
   * An earlier container may have had an id that a caller has chosen, and whoever owns the sandbox
   * above may have put anything where this one's is to be. Ids of others are never used again.
   */
  async #clearPlace({ id, kind, sandbox }: ContainerRequest): Promise<void> {
    if (kind === 'executor' || kind === 'task') {
      return;
    }
    try {
      await removeSandbox(this.#of.work, sandboxPlace(id, sandbox));
    } catch (error) {
      // A link in place of a folder above it, say.
      const path = this.#of.work.path(sandbox);
      throw new ContainerizerError(`Failed to clear the place of sandbox '${path}': ${error}`, {
        cause: error,
      });
    }
  }

  #createSandbox(
    request: ContainerRequest,
    plan: ContainerPlan,
    identity: Identity | undefined,
  ): void {
    const { id, kind, sandbox, isEmpty, task } = request;
    if (kind === 'standalone') {
      createStandaloneSandbox(this.#of.work, sandbox, identity);
      return;
    }
    if (parentOf(id) === undefined) {
      createSandbox(this.#of.work, sandbox, identity);
      // What runs beside a user of the container's own files may be sooner than its process.
      if (isEmpty === true || plan.userInside !== undefined) {
        createOutput(this.#of.work, sandbox, identity);
      }
      return;
    }
    const links = linkTargets(plan.volumes);
    const place = { ...sandboxPlace(id, sandbox), task: task?.task_id.value, links };
    createNestedSandbox(this.#of.work, { ...place, folders: plan.sandboxFolders }, identity);
  }

  async #fetch(
    { id, sandbox, uris, user, diskQuotas }: ContainerPlan,
    identity: Identity | undefined,
    abort: AbortSignal,
  ): Promise<void> {
    if (uris.length === 0) {
      return;
    }
    const root = rootSandbox(id, sandbox);
    const quota = diskQuotas.find(({ path }) => path === sandbox);
    try {
      await this.#of.fetcher.fetch({
        uris,
        owner: frameworkOf(sandbox) ?? '',
        sandbox,
        root,
        staging: this.#of.work.staging(id),
        user,
        identity,
        limitBytes: this.#of.isDiskEnforced ? quota?.limitBytes : undefined,
        abort,
        // The fetcher does not use the task's environment, whose PATH may lack the programs for
        // fetching.
        run: ({ argv, environment = {} }) => {
          const [program = ''] = argv;
          const around = { root, directory: sandbox, environment: layered(environment) };
          const line = { program, arguments: argv };
          return this.#of.launcher.run({ ...around, ...line }, identity, abort);
        },
      });
      this.#of.counts.fetched++;
    } catch (error) {
      this.#of.counts.notFetched++;
      throw error;
    }
    abort.throwIfAborted();
  }
}
