// `mesoscale task exec`: runs a command beside a task, and ends as that does.
import { randomUUID } from 'node:crypto';
import {
  AgentCall_Type,
  type CommandInfo,
  type ContainerID,
  ContainerInfo_Type,
} from '../../../model/generated/messages.ts';
import { FlagError } from '../../flags/faults.ts';
import type { ReachedAgent } from '../connection/agents.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { printable } from '../output/printable.ts';
import type { Asked } from '../verb.ts';
import type { TASK_EXEC_FLAGS } from './flags.ts';
import { noInput, placeOfTask, show } from './session.ts';
import { END_OF_INPUT, keepAlive, passInput, windowSize } from './terminal-input.ts';

/** Resolves with the status of the command. */
export async function execute({ words, values }: Asked<typeof TASK_EXEC_FLAGS>): Promise<number> {
  const [text = '', ...rest] = words;
  const command = rest[0] === '--' ? rest.slice(1) : rest;
  const { interactive, tty } = values;
  if (command.length === 0) {
    throw new FlagError('expected a command after the task, such as: task exec -it web sh');
  }
  if (interactive && tty && !process.stdin.isTTY) {
    // Its end would be told to nobody: a terminal goes on when who types has gone.
    throw new FlagError('-i with -t expects a terminal as standard input; -i alone takes any');
  }
  const { agent, container } = await placeOfTask(text, values);
  const id: ContainerID = { value: randomUUID(), parent: container };
  const output = await agent.output({
    type: AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION,
    launch_nested_container_session: {
      container_id: id,
      command: commandOf(command, values.user, tty),
      ...(tty && {
        container: { type: ContainerInfo_Type.MESOS, tty_info: { window_size: windowSize() } },
      }),
    },
  });
  const sender = agent.input(id, noInput);
  const stopBeating = keepAlive(sender);
  let restore = () => sender.end();
  if (interactive) {
    restore = passInput({ sender, isTerminal: tty });
  } else if (!tty) {
    sender.send(END_OF_INPUT);
  }
  let breach: unknown;
  try {
    await show(output);
  } catch (error) {
    breach = error;
  } finally {
    stopBeating();
    restore();
  }
  try {
    return await exitCodeOf(agent, id);
  } catch (error) {
    // How the command ended is not known, unless the agent says so.
    throw breach === undefined ? error : brokenOff(breach);
  }
}

const brokenOff = (breach: unknown): unknown =>
  breach instanceof CommandError
    ? new CommandError(
        EXIT.unreachable,
        `the connection broke off, and how the command ended is not known: ${breach.message}`,
      )
    : breach;

function commandOf(command: readonly string[], user: string | undefined, tty: boolean) {
  const [value = ''] = command;
  const { TERM } = process.env;
  return {
    shell: false,
    value,
    arguments: [...command],
    ...(user !== undefined && { user }),
    ...(tty &&
      TERM !== undefined && { environment: { variables: [{ name: 'TERM', value: TERM }] } }),
  } satisfies CommandInfo;
}

/** As a shell would tell it; then nothing of the session is left on the agent. */
async function exitCodeOf(agent: ReachedAgent, container_id: ContainerID): Promise<number> {
  const { wait_nested_container: end } = await agent.call({
    type: AgentCall_Type.WAIT_NESTED_CONTAINER,
    wait_nested_container: { container_id },
  });
  await agent.call({
    type: AgentCall_Type.REMOVE_NESTED_CONTAINER,
    remove_nested_container: { container_id },
  });
  if (end?.message !== undefined) {
    process.stderr.write(`${printable(end.message)}\n`);
  }
  const status = end?.exit_status ?? 256;
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}
