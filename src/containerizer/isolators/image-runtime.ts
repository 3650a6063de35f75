// docker/runtime and appc/runtime: what an image says of containers made of it - its command,
// variables and working directory - where the command itself does not say. Its user is not taken:
// as with Mesos, who a container runs as is the framework's business, and the operator's.
import { resolve } from 'node:path';
import { type CommandInfo, Image_Type } from '../../model/generated/messages.ts';
import type { ImageConfig } from '../images/image.ts';
import {
  type CommandLine,
  checkedLine,
  commandEnvironment,
  layered,
  noExecutable,
  undetermined,
} from '../plan/command-line.ts';
import { imageVariables } from '../plan/image-variables.ts';
import type { Isolator } from './isolator.ts';
import type { IsolatorName } from './names.ts';

/** `isIgnored`: whether images say nothing that counts. */
export const dockerRuntime = (isIgnored: boolean): Isolator =>
  imageRuntime('docker/runtime', isIgnored ? undefined : Image_Type.DOCKER);

export const appcRuntime = (): Isolator => imageRuntime('appc/runtime', Image_Type.APPC);

/** `type`: of the images that it is about. */
const imageRuntime = (name: IsolatorName, type: Image_Type | undefined): Isolator => ({
  name,
  contribute(plan, { images, command = {}, taskEnvironment = {} }) {
    const image = images?.rootfs;
    if (image === undefined || image.type !== type) {
      return plan;
    }
    const { config } = image;
    return {
      ...plan,
      ...imageLine(command, config),
      environment: layered(
        plan.environment,
        imageVariables(config),
        commandEnvironment(command),
        taskEnvironment,
      ),
      ...(config.workingDirectory && { ownDirectory: resolve('/', config.workingDirectory) }),
    };
  },
});

/** Undefined where the command says itself what is executed. Throws ContainerizerError. */
function imageLine(
  { shell, value, arguments: given = [] }: CommandInfo,
  { entrypoint, command }: Pick<ImageConfig, 'entrypoint' | 'command'>,
): CommandLine | undefined {
  if (value !== undefined) {
    return undefined;
  }
  if (shell !== false) {
    throw undetermined('Shell specified but no command value provided');
  }
  const own = entrypoint.length > 0 ? entrypoint : command.slice(0, 1);
  const usual = entrypoint.length > 0 ? command : command.slice(1);
  const [program] = own;
  if (program === undefined) {
    throw noExecutable();
  }
  return checkedLine({
    program,
    arguments: [...own, ...(given.length > 0 ? given : usual)],
  });
}
