// Whether a command, its environment and the ContainerInfo of a container are valid, in Mesos's
// words: what masters refuse of a task or executor, and agents of a call that launches a container.
import {
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  type Environment_Variable,
  Environment_Variable_Type,
  type Secret,
  Secret_Type,
} from './generated/messages.ts';
import { networkInfoError } from './network-info.ts';
import { volumeError } from './volume-source.ts';

export function commandError(command: CommandInfo | undefined): string | undefined {
  for (const variable of command?.environment?.variables ?? []) {
    const error = variableError(variable);
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
}

function variableError(variable: Environment_Variable): string | undefined {
  const { name, type = Environment_Variable_Type.VALUE, value, secret } = variable;
  const subject = `Environment variable '${name}'`;
  switch (type) {
    case Environment_Variable_Type.SECRET: {
      if (secret === undefined) {
        return `${subject} of type 'SECRET' must have a secret set`;
      }
      if (value !== undefined) {
        return `${subject} of type 'SECRET' must not have a value set`;
      }
      const error = secretError(secret);
      if (error !== undefined) {
        return `${subject} specifies an invalid secret: ${error}`;
      }
      return secret.value?.data.includes(0) === true
        ? `${subject} specifies a secret containing null bytes, which is not allowed in the environment`
        : undefined;
    }
    case Environment_Variable_Type.VALUE:
      if (value === undefined) {
        return `${subject} of type 'VALUE' must have a value set`;
      }
      return secret === undefined
        ? undefined
        : `${subject} of type 'VALUE' must not have a secret set`;
    default:
      return "Environment variable of type 'UNKNOWN' is not allowed";
  }
}

function secretError(secret: Secret): string | undefined {
  switch (secret.type) {
    case Secret_Type.REFERENCE:
      if (secret.reference === undefined) {
        return "Secret of type REFERENCE must have the 'reference' field set";
      }
      return secret.value === undefined
        ? undefined
        : `Secret '${secret.reference.name}' of type REFERENCE must not have the 'value' field set`;
    case Secret_Type.VALUE:
      if (secret.value === undefined) {
        return "Secret of type VALUE must have the 'value' field set";
      }
      return secret.reference === undefined
        ? undefined
        : "Secret of type VALUE must not have the 'reference' field set";
    default:
      return undefined;
  }
}

export function containerError(container: ContainerInfo | undefined): string | undefined {
  for (const volume of container?.volumes ?? []) {
    const error = volumeError(volume);
    if (error !== undefined) {
      return `Invalid volume: ${error}`;
    }
  }
  for (const network of container?.network_infos ?? []) {
    const error = networkInfoError(network);
    if (error !== undefined) {
      return `Invalid network: ${error}`;
    }
  }
  if (container?.type === ContainerInfo_Type.DOCKER) {
    if (container.docker === undefined) {
      return "DockerInfo 'docker' is not set for DOCKER typed ContainerInfo";
    }
    if (container.docker.parameters?.some(({ key }) => key === 'name') === true) {
      return "Parameter in DockerInfo must not be 'name'";
    }
  }
  return undefined;
}
