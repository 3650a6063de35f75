// What `secure init` and `secure add` print: how to start what they have made the files for.
import { isIPv4 } from 'node:net';
import { hostFiles, type Layout, principalFiles } from './layout.ts';
import type { MachineNames } from './machine-names.ts';

const MASTER_PORT = 5050;

/** Commands are indented, for people to copy. */
const shown = (title: string, ...commands: readonly string[]) =>
  [title, ...commands.map((command) => `  ${command}`), ''].join('\n');

const withVariables = (...files: readonly string[]) =>
  `set -a; ${files.map((file) => `. ${file}`).join('; ')}; set +a`;

/** By which others reach a machine: agents and masters do by address, where there is one. */
const addressOf = (names: MachineNames): string => {
  const addresses = names.filter((name) => isIPv4(name));
  return addresses.find((address) => !address.startsWith('127.')) ?? addresses[0] ?? names[0];
};

function placesOf(kind: 'master' | 'agent'): string {
  const folder = `/var/lib/mesoscale/${kind}`;
  return `--work_dir=${folder} --audit_log=${folder}/audit.log`;
}

export function masterSteps(layout: Layout, names: MachineNames): string {
  const [name] = names;
  const { environment } = hostFiles(layout.host(name));
  return shown(
    `A master, on ${name}:`,
    withVariables(environment, layout.masterEnvironment),
    `mesoscale master --ip=${addressOf(names)} ${placesOf('master')}`,
  );
}

export function agentSteps(
  layout: Layout,
  principal: string,
  { on, master }: { readonly on: MachineNames; readonly master: MachineNames },
): string {
  const [name] = on;
  const own = hostFiles(layout.host(name)).environment;
  const { environment } = principalFiles(layout.principal(principal));
  return shown(
    `An agent, on ${name}:`,
    withVariables(own, environment),
    `mesoscale agent --ip=${addressOf(on)} --master=${addressOf(master)}:${MASTER_PORT} ${placesOf('agent')}`,
  );
}

export function clientSteps(layout: Layout, principal: string, command: string): string {
  const { environment } = principalFiles(layout.principal(principal));
  return shown(`A command, as ${principal}:`, withVariables(environment), command);
}

export const executeStep = (master: MachineNames) =>
  `mesoscale execute --master=${addressOf(master)}:${MASTER_PORT} --name=hello --command='echo hello'`;

export const checkStep = (master: MachineNames) =>
  `mesoscale secure check --master=${addressOf(master)}:${MASTER_PORT}`;
