// Whether checks and health checks are valid, as far as the master can see without an agent.
import {
  type CheckInfo,
  CheckInfo_Type,
  type CommandInfo,
  type HealthCheck,
  HealthCheck_Type,
} from '../../model/generated/messages.ts';
import { commandError } from '../../model/launch-validation.ts';

interface Timing {
  readonly delay_seconds?: number;
  readonly interval_seconds?: number;
  readonly timeout_seconds?: number;
  readonly grace_period_seconds?: number;
}

function timingError(timing: Timing): string | undefined {
  for (const field of [
    'delay_seconds',
    'grace_period_seconds',
    'interval_seconds',
    'timeout_seconds',
  ] as const) {
    if ((timing[field] ?? 0) < 0) {
      return `Expecting '${field}' to be non-negative`;
    }
  }
  return undefined;
}

const commandKind = (command: CommandInfo) =>
  command.shell === false ? "'executable path'" : "'shell command'";

export function healthCheckError(check: HealthCheck): string | undefined {
  return healthCheckKindError(check) ?? timingError(check);
}

function healthCheckKindError(check: HealthCheck): string | undefined {
  switch (check.type) {
    case undefined:
      return "HealthCheck must specify 'type'";
    case HealthCheck_Type.COMMAND: {
      if (check.command === undefined) {
        return "Expecting 'command' to be set for COMMAND health check";
      }
      if (check.command.value === undefined) {
        return `Command health check must contain ${commandKind(check.command)}`;
      }
      const error = commandError(check.command);
      return error === undefined
        ? undefined
        : `Health check's \`CommandInfo\` is invalid: ${error}`;
    }
    case HealthCheck_Type.HTTP: {
      if (check.http === undefined) {
        return "Expecting 'http' to be set for HTTP health check";
      }
      const { scheme, path } = check.http;
      if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
        return `Unsupported HTTP health check scheme: '${scheme}'`;
      }
      return path === undefined || path.startsWith('/')
        ? undefined
        : `The path '${path}' of HTTP health check must start with '/'`;
    }
    case HealthCheck_Type.TCP:
      return check.tcp === undefined ? "Expecting 'tcp' to be set for TCP health check" : undefined;
    case HealthCheck_Type.UNKNOWN:
      return "'UNKNOWN' is not a valid health check type";
    default:
      return check.type satisfies never;
  }
}

export function checkError(check: CheckInfo): string | undefined {
  return checkKindError(check) ?? timingError(check);
}

function checkKindError(check: CheckInfo): string | undefined {
  switch (check.type) {
    case undefined:
      return "CheckInfo must specify 'type'";
    case CheckInfo_Type.COMMAND: {
      const command = check.command?.command;
      if (command === undefined) {
        return "Expecting 'command' to be set for COMMAND check";
      }
      if (command.value === undefined) {
        return `Command check must contain ${commandKind(command)}`;
      }
      const error = commandError(command);
      return error === undefined ? undefined : `Check's \`CommandInfo\` is invalid: ${error}`;
    }
    case CheckInfo_Type.HTTP: {
      if (check.http === undefined) {
        return "Expecting 'http' to be set for HTTP check";
      }
      const { path } = check.http;
      return path === undefined || path.startsWith('/')
        ? undefined
        : `The path '${path}' of HTTP check must start with '/'`;
    }
    case CheckInfo_Type.TCP:
      return check.tcp === undefined ? "Expecting 'tcp' to be set for TCP check" : undefined;
    case CheckInfo_Type.UNKNOWN:
      return "'UNKNOWN' is not a valid check type";
    default:
      return check.type satisfies never;
  }
}
