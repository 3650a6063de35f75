// What agents, and those who pretend to be some, say to a master.
import type { MessageToMaster } from '../../src/model/agent-messages.ts';
import { TaskState, TaskStatus_Source } from '../../src/model/generated/messages.ts';
import { frameworkId } from '../../src/model/ids.ts';
import { CRAM_MD5 } from '../../src/security/cram-md5.ts';
import { type MessageType, types } from '../../src/wire/types.ts';
import { resources } from '../master/harness.ts';
import { must } from './breach.ts';
import type { Agent, MasterCast } from './master-cast.ts';
import { MASTER_NAMES, type MasterSearch, proofOf } from './master-search.ts';

const CAPABILITIES = [1, 2, 3, 4, 5, 6, 7, 8].map((type) => ({ type: type as 1 }));

export class AgentMessageActs {
  readonly #cast: MasterCast;
  readonly #search: MasterSearch;
  #nonces = 1;

  constructor(cast: MasterCast) {
    this.#cast = cast;
    this.#search = cast.search;
  }

  #say(from: string, message: MessageToMaster, to?: string): void {
    this.#search.dispatch({
      type: 'agentMessage',
      from,
      ...(to !== undefined && { to }),
      message,
      nonce: `${this.#nonces++}`,
    });
  }

  /** What the master has said last to the pid, by this name, since so many messages. */
  #heard(pid: string, name: string, since: number) {
    return this.#search.world.toAgents
      .slice(since)
      .findLast(({ to, message }) => to === pid && message.name === name);
  }

  /** Rightly, with what others know, or with nonsense. */
  authenticate({ pid, peer }: Agent, principal: string): void {
    const { chance, world, proved } = this.#search;
    const since = world.toAgents.length;
    const wanted = chance.of(0.05) ? chance.pick(this.#cast.agents).pid : pid;
    this.#say(peer, { name: 'AuthenticateMessage', body: { pid: wanted } });
    const offer = this.#heard(peer, 'AuthenticationMechanismsMessage', since);
    if (offer?.from === undefined) {
      return;
    }
    proved.delete(wanted);
    const speaker = chance.of(0.95) ? peer : chance.pick(this.#cast.agents).peer;
    const start = { mechanism: chance.of(0.95) ? CRAM_MD5 : 'PLAIN', data: new Uint8Array() };
    this.#say(speaker, { name: 'AuthenticationStartMessage', body: start }, offer.from);
    const step = this.#heard(peer, 'AuthenticationStepMessage', since);
    if (step?.message.name !== 'AuthenticationStepMessage') {
      return;
    }
    const challenge = new TextDecoder().decode(step.message.body.data);
    const digest = proofOf(principal, challenge).replaceAll(' ', '+');
    const right = `${principal} ${digest}`;
    const said = chance.of(0.75)
      ? right
      : chance.pick([
          '',
          ' ',
          principal,
          `${principal} `,
          `p0 ${digest}`,
          `a1 ${digest}`,
          right.slice(1),
          `${right}0`,
          `stranger ${proofOf('stranger', challenge).replaceAll(' ', '+')}`,
          'x'.repeat(2_000),
        ]);
    const isRight = MASTER_NAMES.principals.some(
      (it) => said === `${it} ${proofOf(it, challenge).replaceAll(' ', '+')}`,
    );
    const answerer = chance.of(0.95) ? peer : chance.pick(this.#cast.agents).peer;
    this.#say(
      answerer,
      { name: 'AuthenticationStepMessage', body: { data: new TextEncoder().encode(said) } },
      offer.from,
    );
    const isTaken = this.#heard(peer, 'AuthenticationCompletedMessage', since) !== undefined;
    must(
      !isTaken || (isRight && answerer === peer),
      () => `${wanted} has authenticated by ${said} of ${answerer}`,
    );
    if (isTaken) {
      proved.set(wanted, said.slice(0, said.indexOf(' ')));
    }
  }

  #infoOf(agent: Agent) {
    const own = this.#search.chance.of(0.1) ? `${agent.resources};cpus(qrab):1` : agent.resources;
    return {
      hostname: agent.hostname,
      port: 5051,
      resources: resources(own),
      checkpoint: true,
    };
  }

  register(agent: Agent): void {
    const { world, chance } = this.#search;
    const pid = chance.of(0.95) ? agent.pid : 'slave(1)@10.0.0.9:5051';
    const body = {
      agent: this.#infoOf(agent),
      version: '1.11.0',
      agent_capabilities: CAPABILITIES,
      resource_version_uuid: { value: world.uuid() },
    };
    this.#say(pid, {
      name: 'RegisterAgentMessage',
      body: this.#bent('RegisterAgentMessage', body),
    });
    this.#learnIds();
  }

  #learnIds(): void {
    const { byPid } = this.#search.world.master.agents;
    for (const agent of this.#cast.agents) {
      agent.id = byPid.get(agent.pid)?.id ?? agent.id;
    }
  }

  #bent<Name extends MessageToMaster['name'], Body extends object>(name: Name, body: Body): Body {
    return this.#search.chance.of(0.1)
      ? this.#cast.stranger.mutate(types[name] as unknown as MessageType<Body>, body, 0.08)
      : body;
  }

  reregister(agent: Agent): void {
    const { world, chance } = this.#search;
    if (agent.id === '') {
      return;
    }
    const known = [...world.master.agents.registered.values()].find(({ id }) => id === agent.id);
    const frameworks = this.#cast.schedulers
      .filter(({ id }) => id !== '' && known?.tasks.has(frameworkId(id)))
      .map(({ id, info }) => ({ ...info, id: { value: id } }));
    const tasks = [...(known?.tasks.values() ?? [])].flatMap((ofFramework) => [
      ...ofFramework.values(),
    ]);
    const body = {
      agent: { ...this.#infoOf(agent), id: { value: agent.id } },
      version: '1.11.0',
      agent_capabilities: CAPABILITIES,
      frameworks,
      tasks: structuredClone(tasks),
      resource_version_uuid: { value: world.uuid() },
    };
    this.#say(chance.of(0.9) ? agent.pid : chance.pick(this.#cast.agents).pid, {
      name: 'ReregisterAgentMessage',
      body: this.#bent('ReregisterAgentMessage', body),
    });
    this.#learnIds();
  }

  report(): void {
    const { world, chance } = this.#search;
    const framework = this.#cast.frameworkOf(chance.pick(this.#cast.schedulers));
    const tasks = [...(framework?.tasks.values() ?? [])];
    if (framework === undefined || tasks.length === 0) {
      return;
    }
    const task = chance.pick(tasks);
    const agent = this.#cast.agents.find(({ id }) => id === task.agent_id.value);
    const from = chance.of(0.9) ? (agent?.pid ?? '') : chance.pick(this.#cast.agents).pid;
    const uuid = world.uuid();
    const body = {
      pid: from,
      update: {
        framework_id: { value: framework.id },
        agent_id: task.agent_id,
        status: {
          task_id: task.task_id,
          state: chance.pick([
            TaskState.TASK_STARTING,
            TaskState.TASK_RUNNING,
            TaskState.TASK_RUNNING,
            TaskState.TASK_FINISHED,
            TaskState.TASK_FAILED,
          ]),
          source: TaskStatus_Source.SOURCE_EXECUTOR,
          agent_id: task.agent_id,
          message: task.task_id.value,
          timestamp: world.nowMs / 1000,
          uuid,
        },
        timestamp: world.nowMs / 1000,
        uuid,
      },
    };
    this.#say(from, { name: 'StatusUpdateMessage', body: this.#bent('StatusUpdateMessage', body) });
  }

  /** Messages about agents, by others. */
  pretend(): void {
    const { chance } = this.#search;
    const { id } = chance.pick(this.#cast.agents);
    const from = chance.pick([
      ...this.#cast.agents.map(({ pid }) => pid),
      'slave(1)@10.0.0.66:5051',
    ]);
    const agent_id = { value: id };
    const framework_id = { value: chance.pick(this.#cast.schedulers).id };
    const executor_id = { value: `e${chance.int(0, 3)}` };
    const messages: MessageToMaster[] = [
      ...(chance.of(0.3) ? [{ name: 'UnregisterAgentMessage', body: { agent_id } } as const] : []),
      { name: 'ExitedExecutorMessage', body: { agent_id, framework_id, executor_id, status: 1 } },
      {
        name: 'UpdateAgentMessage',
        body: {
          agent_id,
          update_oversubscribed_resources: true,
          oversubscribed_resources: resources('cpus:1').map((it) => ({ ...it, revocable: {} })),
        },
      },
      { name: 'PongAgentMessage', body: {} },
    ];
    if (chance.of(0.1)) {
      this.#search.dispatch({ type: 'linkLost', address: `10.0.0.${chance.int(2, 5)}:5051` });
      return;
    }
    this.#say(from, chance.pick(messages));
  }
}
