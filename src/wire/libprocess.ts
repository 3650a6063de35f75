// Mesos's transport between master and agent: each message is a POST of protobuf bytes to
// `/<process id>/<message name>`, with the sender's pid in a header. This file has the messages by
// name and the bytes of one request; src/http/transport/ reads connections.
import type {
  MessageToAgent,
  MessageToMaster,
  ToAgent,
  ToMaster,
} from '../model/agent-messages.ts';
import { decodeBoundedMessage, encodeMessage } from './protobuf.ts';
import { allocate } from './slab.ts';
import { type MessageType, types } from './types.ts';

export type InternalName = keyof ToMaster | keyof ToAgent;

const TO_MASTER = {
  RegisterAgentMessage: true,
  ReregisterAgentMessage: true,
  UnregisterAgentMessage: true,
  UpdateAgentMessage: true,
  StatusUpdateMessage: true,
  ExecutorToFrameworkMessage: true,
  ExitedExecutorMessage: true,
  UpdateOperationStatusMessage: true,
  PongAgentMessage: true,
  AuthenticateMessage: true,
  AuthenticationStartMessage: true,
  AuthenticationStepMessage: true,
} as const satisfies Record<keyof ToMaster, true>;

const TO_AGENT = {
  AgentRegisteredMessage: true,
  AgentReregisteredMessage: true,
  PingAgentMessage: true,
  AuthenticationMechanismsMessage: true,
  AuthenticationStepMessage: true,
  AuthenticationCompletedMessage: true,
  AuthenticationFailedMessage: true,
  AuthenticationErrorMessage: true,
  RunTaskMessage: true,
  RunTaskGroupMessage: true,
  KillTaskMessage: true,
  StatusUpdateAcknowledgementMessage: true,
  FrameworkToExecutorMessage: true,
  ShutdownExecutorMessage: true,
  ShutdownFrameworkMessage: true,
  UpdateFrameworkMessage: true,
  CheckpointResourcesMessage: true,
  ReconcileOperationsMessage: true,
  ApplyOperationMessage: true,
  AcknowledgeOperationStatusMessage: true,
  DrainAgentMessage: true,
  ShutdownMessage: true,
} as const satisfies Record<keyof ToAgent, true>;

const ascii = new TextEncoder();

export interface LibprocessEnvelope {
  /** The sender's pid, `id@ip:port`. */
  readonly from: string;
  /** The receiver's pid. */
  readonly to: string;
  readonly name: InternalName;
  readonly body: Uint8Array;
  /**
   * A secret by which the receiver can ask the sender whether the connection is really its own.
   * Receivers of other makes ignore it.
   */
  readonly key?: string | undefined;
}

/**
 * The request that carries the message: byte for byte as Mesos's master writes it, plus the key.
 */
export function encodeLibprocess({ from, to, name, body, key }: LibprocessEnvelope): Uint8Array {
  const at = to.indexOf('@');
  const head =
    `POST /${to.slice(0, at)}/${types[name].wireName} HTTP/1.1\r\n` +
    `User-Agent: libprocess/${from}\r\nLibprocess-From: ${from}\r\n` +
    `Connection: Keep-Alive\r\nHost: ${to.slice(at + 1)}\r\n` +
    (key === undefined ? '' : `${KEY_HEADER}: ${key}\r\n`);
  if (body.length === 0) {
    return ascii.encode(`${head}\r\n`);
  }
  const before = `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`;
  const request = allocate(before.length + body.length + LAST_CHUNK.length);
  ascii.encodeInto(before, request);
  request.set(body, before.length);
  request.set(LAST_CHUNK, before.length + body.length);
  return request;
}

/** A header that Mesos does not have: see LibprocessEnvelope.key. */
export const KEY_HEADER = 'Mesoscale-Connection';

const LAST_CHUNK = ascii.encode('\r\n0\r\n\r\n');

/** The body of a message between master and agent. */
export function encodeInternal(message: MessageToMaster | MessageToAgent): Uint8Array {
  return encodeMessage(types[message.name] as MessageType<object>, message.body);
}

export const isToMaster = (name: string) => Object.hasOwn(TO_MASTER, name);
export const isToAgent = (name: string) => Object.hasOwn(TO_AGENT, name);

/**
 * Reads a message for the master. Undefined where no message to a master has that name.
 * @throws WireError where the body is not such a message.
 */
export function decodeToMaster(name: string, bytes: Uint8Array): MessageToMaster | undefined {
  return isToMaster(name)
    ? (decodeInternal(name as keyof ToMaster, bytes) as MessageToMaster)
    : undefined;
}

/** As `decodeToMaster`, for messages to an agent. */
export function decodeToAgent(name: string, bytes: Uint8Array): MessageToAgent | undefined {
  return isToAgent(name)
    ? (decodeInternal(name as keyof ToAgent, bytes) as MessageToAgent)
    : undefined;
}

function decodeInternal(name: InternalName, bytes: Uint8Array): { name: string; body: object } {
  return { name, body: decodeBoundedMessage(types[name] as MessageType<object>, bytes) };
}
