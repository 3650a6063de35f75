// The one-way messages between agent and master (package mesos.internal), by their name here.
import type {
  AcknowledgeOperationStatusMessage,
  AgentRegisteredMessage,
  AgentReregisteredMessage,
  ApplyOperationMessage,
  AuthenticateMessage,
  AuthenticationCompletedMessage,
  AuthenticationErrorMessage,
  AuthenticationFailedMessage,
  AuthenticationMechanismsMessage,
  AuthenticationStartMessage,
  AuthenticationStepMessage,
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
  AuthenticateMessage: AuthenticateMessage;
  /** To the process that the master has made for one authentication. */
  AuthenticationStartMessage: AuthenticationStartMessage;
  AuthenticationStepMessage: AuthenticationStepMessage;
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
  /** To the process that the agent has made for one authentication, as the next three. */
  AuthenticationMechanismsMessage: AuthenticationMechanismsMessage;
  AuthenticationStepMessage: AuthenticationStepMessage;
  AuthenticationCompletedMessage: AuthenticationCompletedMessage;
  AuthenticationFailedMessage: AuthenticationFailedMessage;
  /**
   * Why an authentication ended; or, to the agent itself, why it may not register: an agent of
   * Apache Mesos ignores that.
   */
  AuthenticationErrorMessage: AuthenticationErrorMessage;
}

/** A message with its name, so that a switch over `name` knows the type of `body`. */
export type Named<Messages> = {
  [Name in keyof Messages]: { readonly name: Name; readonly body: Messages[Name] };
}[keyof Messages];

export type MessageToMaster = Named<ToMaster>;
export type MessageToAgent = Named<ToAgent>;
