// Plays a scenario: text with commands, each followed by its results (the indented lines). Returns
// the same text with the present results. README.md describes the commands.
import { FrameworkInfo_Capability_Type } from '../../src/model/generated/messages.ts';
import { DEFAULT_OPTIONS } from '../support/master-options.ts';
import { Cluster, type Scheduler } from './cluster.ts';
import type { Machine } from './machine.ts';
import { OperationWords } from './operations.ts';
import { operatorCall } from './operator-words.ts';
import { duration, settings, the } from './words.ts';

export function play(text: string): string {
  const scenario = new Scenario();
  const lines = text.split('\n').filter((line) => !line.startsWith('  '));
  return lines
    .flatMap((line, index) => {
      if (line.trim() === '' || line.startsWith('#')) {
        return [line];
      }
      try {
        return [line, ...scenario.command(line).map((told) => `  ${told}`)];
      } catch (error) {
        throw new Error(`command ${index + 1}, '${line}': ${(error as Error).message}`, {
          cause: error,
        });
      }
    })
    .join('\n');
}

type Verb<Subject> = readonly [RegExp, (subject: Subject, words: readonly string[]) => void];

class Scenario {
  #begun: Cluster | undefined;
  readonly #operations = new OperationWords();

  /** Without a line about the master, it has Mesos's defaults. */
  get #cluster(): Cluster {
    this.#begun ??= new Cluster();
    return this.#begun;
  }

  command(line: string): string[] {
    const isGiven = line.startsWith('given ');
    const [subject = '', ...words] = line.replace(/^given /, '').split(' ');
    this.#do(subject, words.join(' '));
    this.#cluster.settle();
    const told = this.#cluster.told();
    return isGiven ? [] : told;
  }

  #do(subject: string, rest: string): void {
    switch (subject) {
      case 'master':
        this.#master(rest);
        break;
      case 'agent': {
        const [name = '', resources = ''] = rest.split(' ');
        this.#cluster.addMachine(name, resources);
        break;
      }
      case 'framework':
        this.#framework(rest);
        break;
      case 'operator':
        this.#operator(rest);
        break;
      case 'wait':
        this.#cluster.wait(duration(rest));
        break;
      default:
        this.#named(subject, rest);
    }
  }

  /** Reads a command for a framework, machine, task or executor. */
  #named(name: string, rest: string): void {
    const { schedulers, machines } = this.#cluster;
    const scheduler = schedulers.get(name);
    const machine = machines.get(name);
    if (scheduler !== undefined) {
      take(this.#schedulerVerbs, scheduler, rest);
    } else if (machine !== undefined) {
      take(this.#machineVerbs, machine, rest);
    } else {
      const host = [...machines.values()].find((it) => it.has(name));
      take(this.#taskVerbs, { task: name, host: the(host, name) }, rest);
    }
  }

  #master(rest: string): void {
    if (rest === 'dies') {
      this.#cluster.killMaster();
    } else if (rest === 'starts') {
      this.#cluster.startMaster();
    } else {
      const options = [...settings(rest)].map(([name, value]) => {
        const option = `${name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())}Ms`;
        if (!(option in DEFAULT_OPTIONS) && option !== 'offerTimeoutMs') {
          throw new Error(`a master has no duration of this name: ${name}`);
        }
        return [option, duration(value)];
      });
      this.#begun = new Cluster(Object.fromEntries(options));
    }
  }

  #framework(rest: string): void {
    const [name = '', ...words] = rest.split(' ');
    const given = settings(words.join(' '));
    const failoverTimeout = given.get('failover_timeout');
    const asked = given.get('capabilities')?.split(',') ?? [];
    const capabilities = ['MULTI_ROLE', 'RESERVATION_REFINEMENT', ...asked].map((capability) => {
      const types: Readonly<Record<string, FrameworkInfo_Capability_Type>> =
        FrameworkInfo_Capability_Type;
      return { type: the(types[capability], `capability ${capability}`) };
    });
    const info = {
      name,
      roles: given.get('roles')?.split(',') ?? [name],
      checkpoint: true,
      capabilities,
      ...(failoverTimeout && { failover_timeout: duration(failoverTimeout) / 1000 }),
    };
    this.#cluster.subscribe(name, info, given.get('acknowledges') !== 'no');
  }

  #operator(rest: string): void {
    const cluster = this.#cluster;
    const { status, text } = cluster.master.operate(operatorCall(cluster, rest));
    if (status !== 200 && status !== 202) {
      cluster.note('operator', `is answered ${status} ${text ?? ''}`);
    }
  }

  readonly #schedulerVerbs: readonly Verb<Scheduler>[] = [
    [
      /^accepts ([^:]+): (.*)$/,
      (it, [names = '', text = '']) => {
        const offers = names.split(', ').map((name) => this.#cluster.offer(it, name));
        const offer = the(offers[0], 'offer');
        const operations = text.split(', ').map((word) => this.#operations.parse(word, offer));
        this.#called(it, it.framework.accept(offers, operations));
      },
    ],
    [
      /^declines (\S+)(?: for (\S+))?$/,
      (it, [name = '', time]) => {
        const filters = time === undefined ? {} : { refuse_seconds: duration(time) / 1000 };
        const offer_ids = [this.#cluster.offer(it, name).id];
        this.#called(it, it.framework.call('DECLINE', { decline: { offer_ids, filters } }));
      },
    ],
    [
      /^(accepts|declines) inverse offer (\S+)$/,
      (it, [verb, name = '']) => {
        const ids = { inverse_offer_ids: [this.#cluster.inverseOffer(it, name).id] };
        const answer =
          verb === 'accepts'
            ? it.framework.call('ACCEPT_INVERSE_OFFERS', { accept_inverse_offers: ids })
            : it.framework.call('DECLINE_INVERSE_OFFERS', { decline_inverse_offers: ids });
        this.#called(it, answer);
      },
    ],
    [
      /^acknowledges (\S+)$/,
      (it, [task = '']) => {
        const { agent_id, task_id, uuid } = the(
          it.framework.statuses(task).findLast((status) => status.uuid !== undefined),
          `update of ${task} that wants to be acknowledged`,
        );
        const acknowledge = {
          agent_id: the(agent_id, 'agent in it'),
          task_id,
          uuid: the(uuid, 'uuid in it'),
        };
        this.#called(it, it.framework.call('ACKNOWLEDGE', { acknowledge }));
      },
    ],
    [
      /^kills (\S+)$/,
      (it, [task = '']) =>
        this.#called(it, it.framework.call('KILL', { kill: { task_id: { value: task } } })),
    ],
    [
      /^reconciles(?: (.*))?$/,
      (it, [tasks]) => {
        const names = tasks === undefined ? [] : tasks.split(', ');
        const reconcile = { tasks: names.map((value) => ({ task_id: { value } })) };
        this.#called(it, it.framework.call('RECONCILE', { reconcile }));
      },
    ],
    [/^revives$/, (it) => this.#called(it, it.framework.call('REVIVE'))],
    [/^suppresses$/, (it) => this.#called(it, it.framework.call('SUPPRESS'))],
    [/^tears down$/, (it) => this.#called(it, it.framework.call('TEARDOWN'))],
    [/^disconnects$/, (it) => it.framework.disconnect()],
    [/^subscribes$/, (it) => this.#cluster.subscribeAgain(it)],
  ];

  readonly #machineVerbs: readonly Verb<Machine>[] = [
    [/^dies$/, (it) => this.#cluster.killAgent(it)],
    [/^starts$/, (it) => it.start(this.#cluster.nowMs)],
    [
      /^is cut off$/,
      (it) => {
        it.isCutOff = true;
      },
    ],
    [
      /^is connected$/,
      (it) => {
        it.isCutOff = false;
        it.masterDetected();
      },
    ],
  ];

  readonly #taskVerbs: readonly Verb<{ readonly task: string; readonly host: Machine }>[] = [
    [/^subscribes$/, ({ task, host }) => host.subscribeExecutor(task)],
    [
      /^reports (TASK_\w+)$/,
      ({ task, host }, [state]) => host.report(task, state as 'TASK_RUNNING'),
    ],
    [
      /^exits with (\d+)$/,
      ({ task, host }, [code]) => host.endContainer(task, Number(code) * EXIT_CODE),
    ],
  ];

  #called({ name }: Scheduler, answer: { status: number; text?: string | undefined }): void {
    if (answer.status !== 202) {
      this.#cluster.note(name, `is answered ${answer.status} ${answer.text ?? ''}`);
    }
  }
}

/** The exit code is the second byte of the status of wait(2). */
const EXIT_CODE = 256;

function take<Subject>(verbs: readonly Verb<Subject>[], subject: Subject, rest: string): void {
  for (const [pattern, act] of verbs) {
    const match = pattern.exec(rest);
    if (match !== null) {
      act(subject, match.slice(1));
      return;
    }
  }
  throw new Error(`nothing of this kind knows '${rest}'`);
}
