// What a browser asks for when it opens a terminal: a container, and a command that is to run
// beside it, or none where its own terminal is attached to. All of it is in the query.
import { randomUUID } from 'node:crypto';
import { childOf, containerIdMessage } from '../../model/container-id.ts';
import {
  type AgentCall,
  AgentCall_Type,
  type ContainerID,
  ContainerInfo_Type,
} from '../../model/generated/messages.ts';
import { containerId } from '../../model/ids.ts';
import { MAX_WINDOW } from '../../model/launch-fields.ts';
import { badRequest } from '../server/error-responses.ts';
import type { HttpResponse } from '../server/response.ts';
import { parseQuery } from '../server/router.ts';

/** Ids of containers and agents have no other characters. */
const CONTAINER = /^[\w-]{1,256}(?:\.[\w-]{1,256}){0,31}$/;
const PATH = /^(?:\/master)?\/agent\/([\w.-]{1,256})\/terminal(?:\?(.*))?$/s;

const MAX_COMMAND_LENGTH = 8_192;
const MAX_USER_LENGTH = 256;
/** What a container's programs are told of the terminal at the other end. */
const TERM = 'xterm-256color';

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

const USUAL: WindowSize = { rows: 24, columns: 80 };

const LEAST_WINDOW = 16 * 1024;
const MOST_WINDOW = 16 * 1024 * 1024;

export interface TerminalRequest {
  readonly agent: string;
  /** The container that has the terminal: of a command it is a new one. */
  readonly container: ContainerID;
  /** Whether it is a command's, which ends with the terminal. */
  readonly isSession: boolean;
  /** What the answer to is the output of the terminal. */
  readonly call: AgentCall;
  /** Bytes of output that may be sent before the client says that it has taken them. */
  readonly window: number | undefined;
}

export const isTerminalPath = (url: string) => PATH.test(url);

export function terminalRequest(url: string): TerminalRequest | HttpResponse {
  const [, agent = '', query = ''] = PATH.exec(url) ?? [];
  const asked = parseQuery(query);
  const { container: text = '', mode = 'exec', command, user, rows, columns } = asked;
  if (!CONTAINER.test(text)) {
    return badRequest(
      "Expecting 'container' in the query: the ids of a container and those above it, with dots " +
        'between them.\n',
    );
  }
  const size = { rows: sizeOf(rows, USUAL.rows), columns: sizeOf(columns, USUAL.columns) };
  const id = containerId(text);
  const window = outputWindow(asked.window);
  if (mode === 'attach') {
    const container = containerIdMessage(id);
    const type = AgentCall_Type.ATTACH_CONTAINER_OUTPUT;
    const call = { type, attach_container_output: { container_id: container } };
    return { agent, container, isSession: false, call, window };
  }
  if (mode !== 'exec') {
    return badRequest("Expecting 'mode' in the query to be 'exec' or 'attach'.\n");
  }
  if ((command?.length ?? 0) > MAX_COMMAND_LENGTH || (user?.length ?? 0) > MAX_USER_LENGTH) {
    return badRequest(
      `Expecting a 'command' of at most ${MAX_COMMAND_LENGTH} characters, and a 'user' of ` +
        `at most ${MAX_USER_LENGTH}.\n`,
    );
  }
  const container = containerIdMessage(childOf(id, randomUUID()));
  const call: AgentCall = {
    type: AgentCall_Type.LAUNCH_NESTED_CONTAINER_SESSION,
    launch_nested_container_session: {
      container_id: container,
      command: {
        ...(command
          ? { shell: true, value: command }
          : { shell: false, value: '/bin/sh', arguments: ['sh'] }),
        ...(user ? { user } : {}),
        environment: { variables: [{ name: 'TERM', value: TERM }] },
      },
      container: { type: ContainerInfo_Type.MESOS, tty_info: { window_size: size } },
    },
  };
  return { agent, container, isSession: true, call, window };
}

/** What a text of the browser says: a size of the window, or how many bytes it has taken. */
export function messageIn(
  text: string,
): { readonly size: WindowSize } | { readonly taken: number } | undefined {
  try {
    const { rows, columns, taken } = JSON.parse(text);
    if (Number.isSafeInteger(taken) && taken >= 0 && taken <= MOST_WINDOW) {
      return { taken };
    }
    return isSize(rows) && isSize(columns) ? { size: { rows, columns } } : undefined;
  } catch {
    return undefined;
  }
}

const isSize = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_WINDOW;

function sizeOf(text: string | undefined, usual: number): number {
  const size = Number(text);
  return isSize(size) ? size : usual;
}

function outputWindow(text: string | undefined): number | undefined {
  const bytes = Number(text);
  return text === undefined || !Number.isInteger(bytes)
    ? undefined
    : Math.min(Math.max(bytes, LEAST_WINDOW), MOST_WINDOW);
}
