// The one-way messages between agent and master (package mesos.internal), by their name here.
import type {
  AcknowledgeOperationStatusMessage,
  AgentRegisteredMessage,
  AgentReregisteredMessage,
  ApplyOperationMessage,
  AuthenticationErrorMessage,
  CheckpointResourcesMessage,
  DrainAgentMessage,
  ExecutorToFrameworkMessage,
  ExitedExecutorMessage,
  FrameworkToExecutorMessage,
  KillTaskMessage,
  PingAgentMessage,
  PongAgentMessage,
  ReconcileOperationsMessage,
  RegisterAgentMessage,
  ReregisterAgentMessage,
  RunTaskGroupMessage,
  RunTaskMessage,
  ShutdownExecutorMessage,
  ShutdownFrameworkMessage,
  ShutdownMessage,
  StatusUpdateAcknowledgementMessage,
  StatusUpdateMessage,
  UnregisterAgentMessage,
  UpdateAgentMessage,
  UpdateFrameworkMessage,
  UpdateOperationStatusMessage,
} from './generated/messages.ts';

/** Agent to master. */
export interface ToMaster {
  RegisterAgentMessage: RegisterAgentMessage;
  ReregisterAgentMessage: ReregisterAgentMessage;
  UnregisterAgentMessage: UnregisterAgentMessage;
  UpdateAgentMessage: UpdateAgentMessage;
  StatusUpdateMessage: StatusUpdateMessage;
  ExecutorToFrameworkMessage: ExecutorToFrameworkMessage;
  ExitedExecutorMessage: ExitedExecutorMessage;
  UpdateOperationStatusMessage: UpdateOperationStatusMessage;
  PongAgentMessage: PongAgentMessage;
}

/** Master to agent. */
export interface ToAgent {
  AgentRegisteredMessage: AgentRegisteredMessage;
  AgentReregisteredMessage: AgentReregisteredMessage;
  PingAgentMessage: PingAgentMessage;
  RunTaskMessage: RunTaskMessage;
  RunTaskGroupMessage: RunTaskGroupMessage;
  KillTaskMessage: KillTaskMessage;
  StatusUpdateAcknowledgementMessage: StatusUpdateAcknowledgementMessage;
  FrameworkToExecutorMessage: FrameworkToExecutorMessage;
  ShutdownExecutorMessage: ShutdownExecutorMessage;
  ShutdownFrameworkMessage: ShutdownFrameworkMessage;
  UpdateFrameworkMessage: UpdateFrameworkMessage;
  CheckpointResourcesMessage: CheckpointResourcesMessage;
  ReconcileOperationsMessage: ReconcileOperationsMessage;
  ApplyOperationMessage: ApplyOperationMessage;
  AcknowledgeOperationStatusMessage: AcknowledgeOperationStatusMessage;
  DrainAgentMessage: DrainAgentMessage;
  ShutdownMessage: ShutdownMessage;
  /** Why an agent may not register. An agent of Apache Mesos ignores this message. */
  AuthenticationErrorMessage: AuthenticationErrorMessage;
}

/** A message with its name, so that a switch over `name` knows the type of `body`. */
export type Named<Messages> = {
  [Name in keyof Messages]: { readonly name: Name; readonly body: Messages[Name] };
}[keyof Messages];

export type MessageToMaster = Named<ToMaster>;
export type MessageToAgent = Named<ToAgent>;
