// The operations of an ACCEPT as a scenario writes them: `LAUNCH t1 cpus:1;mem:128`.
import {
  ExecutorInfo_Type,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  type TaskInfo,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { parseResources } from '../../src/model/resource-text.ts';

/** In `cpus(web):1` the reservation is dynamic, as by RESERVE. */
const reserved = (text: string): Resource[] =>
  parseResources(text).map(({ reservations = [], ...resource }) => ({
    ...resource,
    ...(reservations.length > 0 && {
      reservations: reservations.map((it) => ({
        ...it,
        type: Resource_ReservationInfo_Type.DYNAMIC,
      })),
    }),
  }));

/** Reads the operations of one scenario; it remembers the volumes that were named. */
export class OperationWords {
  readonly #volumes = new Map<string, Resource>();

  /** Throws where the text is no operation. */
  parse(text: string, offer: Offer): Offer_Operation {
    const [, id, words = ''] = /^(?:(\S+): )?(.*)$/.exec(text) ?? [];
    const [type = '', ...rest] = words.split(' ');
    return { ...(id === undefined ? {} : { id: { value: id } }), ...this.#body(type, rest, offer) };
  }

  #body(type: string, words: readonly string[], offer: Offer): Offer_Operation {
    const [name = '', resources = ''] = words;
    switch (type) {
      case 'LAUNCH': {
        const task_infos = [this.#task(words, offer, { command: { value: 'serve' } })];
        return { type: Offer_Operation_Type.LAUNCH, launch: { task_infos } };
      }
      case 'LAUNCH_GROUP':
        return this.#group(name, words.slice(1).join(' '), offer);
      case 'RESERVE':
        return { type: Offer_Operation_Type.RESERVE, reserve: { resources: reserved(name) } };
      case 'UNRESERVE':
        return { type: Offer_Operation_Type.UNRESERVE, unreserve: { resources: reserved(name) } };
      case 'CREATE': {
        const [disk] = reserved(resources);
        if (disk === undefined) {
          throw new Error(
            'expected CREATE and a name and a disk, such as CREATE data disk(web):64',
          );
        }
        const volume = { mode: Volume_Mode.RW, container_path: name };
        const made = { ...disk, disk: { persistence: { id: name }, volume } };
        this.#volumes.set(name, made);
        return { type: Offer_Operation_Type.CREATE, create: { volumes: [made] } };
      }
      case 'DESTROY':
        return { type: Offer_Operation_Type.DESTROY, destroy: { volumes: [this.#volume(name)] } };
      default:
        throw new Error(`expected an operation, got '${type}'`);
    }
  }

  #group(executor: string, tasks: string, offer: Offer): Offer_Operation {
    return {
      type: Offer_Operation_Type.LAUNCH_GROUP,
      launch_group: {
        executor: {
          executor_id: { value: executor },
          framework_id: offer.framework_id,
          type: ExecutorInfo_Type.CUSTOM,
          command: { value: `run ${executor}` },
          resources: parseResources('cpus:0.1;mem:32;disk:32'),
        },
        task_group: {
          tasks: tasks.split(' & ').map((task) => this.#task(task.split(' '), offer, {})),
        },
      },
    };
  }

  #task(words: readonly string[], offer: Offer, more: Partial<TaskInfo>): TaskInfo {
    const [name = '', resources = '', , volume] = words;
    return {
      name,
      task_id: { value: name },
      agent_id: offer.agent_id,
      resources: [...reserved(resources), ...(volume === undefined ? [] : [this.#volume(volume)])],
      ...more,
    };
  }

  #volume(name: string): Resource {
    const volume = this.#volumes.get(name);
    if (volume === undefined) {
      throw new Error(`no volume is named ${name}`);
    }
    return volume;
  }
}
