// `mesoscale task`: runs a command beside a task, or attaches to the task itself.
import { randomUUID } from 'node:crypto';
import { AttachmentClient } from '../../http/client/attachment-client.ts';
import { OperatorClient } from '../../http/client/operator-client.ts';
import { CallRefusedError } from '../../http/client/scheduler-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import type { Dialer } from '../../http/transport/dialer.ts';
import {
  AgentCall_Type,
  type CommandInfo,
  type ContainerID,
  ContainerInfo_Type,
  type ProcessIO,
  ProcessIO_Data_Type,
} from '../../model/generated/messages.ts';
import { findLeader } from '../command-master.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { credentialOf } from '../framework/framework-session.ts';
import { readMasterFlag } from '../master-flag.ts';
import { clientCarriers } from '../process/carriers.ts';
import type { TASK_FLAGS } from './flags.ts';
import { type Asker, allowed, allowedCall, FORBIDDEN, missing } from './refusals.ts';
import { NoSuchTaskError, placeOfTask, type TaskPlace } from './task-place.ts';
import { END_OF_INPUT, passInput, windowSize } from './terminal-input.ts';

type Values = FlagValues<typeof TASK_FLAGS>;

const WAIT_MS = 10_000;

interface Asked {
  readonly verb: 'exec' | 'attach';
  readonly task: string;
  readonly command: readonly string[];
  readonly interactive: boolean;
  readonly tty: boolean;
}

interface Way {
  readonly dialer: Dialer;
  readonly credential: Credential | undefined;
}

export async function runTask(parsed: ParsedFlags<typeof TASK_FLAGS>): Promise<void> {
  const { values, faults } = parsed;
  const asked = faults.read(() => readArguments(parsed.rest, values));
  const place = await faults.readLater(() => readMasterFlag(values.master));
  const credential = faults.dependent('principal', () =>
    credentialOf(values.principal, values.secret),
  );
  const carriers = await faults.readLater(() =>
    clientCarriers(values, process.env, { name: 'master', text: values.master }),
  );
  faults.end();
  const way = { dialer: carriers.value.dialer, credential: credential.value };
  const { address, close } = await findLeader(place.value, carriers.value, (text) =>
    process.stderr.write(`${text}\n`),
  );
  close();
  const master = new OperatorClient({
    address,
    credential: way.credential,
    dialer: way.dialer,
  });
  try {
    const { task, verb } = asked.value;
    const place = await placeOfTask(master, task, values.framework_id);
    process.exitCode =
      verb === 'exec'
        ? await execute(place, asked.value, values, way)
        : await attach(place, values, way);
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${whyNot(error)}\n`);
  }
}

/** Throws FlagError. */
function readArguments(rest: readonly string[], values: Values): Asked {
  const [verb, ...others] = rest;
  if (verb !== 'exec' && verb !== 'attach') {
    throw new FlagError(`expected 'exec' or 'attach', got '${verb ?? ''}'`);
  }
  const first = others.findIndex((argument) => !/^-[it]+$/.test(argument));
  const letters = others.slice(0, first < 0 ? others.length : first).join('');
  const [task, ...command] = others.slice(first < 0 ? others.length : first);
  if (task === undefined || (verb === 'exec') !== command.length > 0) {
    throw new FlagError(
      verb === 'exec' ? 'exec expects a task and a command' : 'attach expects one task',
    );
  }
  const interactive = values.interactive || letters.includes('i');
  const tty = values.tty || letters.includes('t');
  if (interactive && tty && !process.stdin.isTTY) {
    // Its end would be told to nobody: a terminal goes on when who types has gone.
    throw new FlagError('-i with -t expects a terminal as standard input; -i alone takes any');
  }
  return { verb, task, command, interactive, tty };
}

async function execute(
  { agent, container }: TaskPlace,
  { command, interactive, tty }: Asked,
  values: Values,
  { credential, dialer }: Way,
): Promise<number> {
  const client = new AttachmentClient({ address: agent, credential, dialer });
  const id: ContainerID = { value: randomUUID(), parent: container };
  const asker = { agent, credential };
  const type = AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION;
  const launch_nested_container_session = {
    container_id: id,
    command: commandOf(command, values.user, tty),
    ...(tty && {
      container: { type: ContainerInfo_Type.MESOS, tty_info: { window_size: windowSize() } },
    }),
  };
  const output = await allowed(
    asker,
    type,
    client.output({ type, launch_nested_container_session }),
  );
  const sender = client.input(id, inputRefused(asker));
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
    restore();
  }
  const operator = new OperatorClient({ address: agent, credential, dialer, timeoutMs: WAIT_MS });
  try {
    return await exitCodeOf(operator, asker, id);
  } catch (error) {
    // How the command ended is not known, unless the agent says so.
    throw breach ?? error;
  }
}

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

async function attach(
  { agent, container, hasTerminal }: TaskPlace,
  values: Values,
  { credential, dialer }: Way,
): Promise<number> {
  const client = new AttachmentClient({ address: agent, credential, dialer });
  const asker = { agent, credential };
  const type = AgentCall_Type.ATTACH_CONTAINER_OUTPUT;
  const attach_container_output = { container_id: container };
  const output = await allowed(asker, type, client.output({ type, attach_container_output }));
  const left = Promise.withResolvers<'left'>();
  const restore = values.stdin
    ? passInput({
        sender: client.input(container, inputRefused(asker)),
        isTerminal: hasTerminal,
        onDetach: () => left.resolve('left'),
      })
    : () => undefined;
  try {
    const end = await Promise.race([show(output), left.promise]);
    if (end === 'left') {
      // The connection for output is still open.
      process.stderr.write('\nThe task goes on\n');
      process.exit(0);
    }
  } finally {
    restore();
  }
  return 0;
}

async function show(output: AsyncIterable<ProcessIO>): Promise<void> {
  for await (const { data } of output) {
    const bytes = data?.data ?? new Uint8Array(0);
    const stream = data?.type === ProcessIO_Data_Type.STDERR ? process.stderr : process.stdout;
    if (!stream.write(bytes)) {
      await new Promise((resolve) => stream.once('drain', resolve));
    }
  }
}

/** As a shell would tell it; then nothing of the session is left on the agent. */
async function exitCodeOf(
  client: OperatorClient,
  asker: Asker,
  container_id: ContainerID,
): Promise<number> {
  const { wait_nested_container: end } = await allowedCall(client, asker, {
    type: AgentCall_Type.WAIT_NESTED_CONTAINER,
    wait_nested_container: { container_id },
  });
  await allowedCall(client, asker, {
    type: AgentCall_Type.REMOVE_NESTED_CONTAINER,
    remove_nested_container: { container_id },
  });
  if (end?.message !== undefined) {
    process.stderr.write(`${end.message}\n`);
  }
  const status = end?.exit_status ?? 256;
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}

const inputRefused =
  (asker: Asker) =>
  ({ status, message }: CallRefusedError): void => {
    const why =
      status === FORBIDDEN
        ? missing(asker, AgentCall_Type.ATTACH_CONTAINER_INPUT, message)
        : message;
    process.stderr.write(`The agent takes no input: ${why}\n`);
  };

function whyNot(error: unknown): string {
  if (error instanceof NoSuchTaskError) {
    return error.message;
  }
  if (error instanceof CallRefusedError) {
    return error.message.includes('switchboard')
      ? 'The task has no terminal to attach to (tty_info); see its files, or use `mesoscale task exec`'
      : error.message;
  }
  if (error instanceof Error && 'code' in error) {
    return `The connection with the agent broke off (${error.message}); how it ended is not known`;
  }
  throw error;
}
