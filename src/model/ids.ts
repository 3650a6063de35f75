// Names of things, branded so that an agent's id cannot be passed where a framework's is expected.
// A brand costs nothing at run time: every id is a string.

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type AgentId = Id<'AgentId'>;
export type FrameworkId = Id<'FrameworkId'>;
export type OfferId = Id<'OfferId'>;
export type TaskId = Id<'TaskId'>;
export type ExecutorId = Id<'ExecutorId'>;
/** A path of ids: see container-id.ts. */
export type ContainerId = Id<'ContainerId'>;
/** An HTTP request whose response is still to come. */
export type RequestId = Id<'RequestId'>;
/** One open event stream (a scheduler's, an executor's, an operator's). */
export type StreamId = Id<'StreamId'>;

export const agentId = (text: string) => text as AgentId;
export const frameworkId = (text: string) => text as FrameworkId;
export const offerId = (text: string) => text as OfferId;
export const taskId = (text: string) => text as TaskId;
export const executorId = (text: string) => text as ExecutorId;
export const containerId = (text: string) => text as ContainerId;
export const requestId = (text: string) => text as RequestId;
export const streamId = (text: string) => text as StreamId;
