// The command line of a container of type DOCKER, as `docker run` makes it of an image and of what
// Mesos hands over.
import type { CommandInfo } from '../../../model/generated/messages.ts';
import type { ImageConfig } from '../../images/image.ts';
import { type CommandLine, checkedLine } from '../command-line.ts';
import { dockerError } from './docker-error.ts';
import type { DockerOptions } from './docker-options.ts';

/** Throws ContainerizerError. */
export function dockerLine(
  { shell, value, arguments: given = [] }: CommandInfo,
  { entrypoint: own }: Pick<DockerOptions, 'entrypoint'>,
  image: Pick<ImageConfig, 'entrypoint' | 'command'>,
): CommandLine {
  if (shell !== false) {
    if (value === undefined) {
      throw dockerError('Shell specified but no command value provided');
    }
    if (own !== undefined) {
      throw dockerError(
        "parameter 'entrypoint' is not supported for a command with 'shell': that is executed by /bin/sh",
      );
    }
    return checkedLine({ program: '/bin/sh', arguments: ['/bin/sh', '-c', value] });
  }
  const asked = value === undefined ? given : [value, ...given];
  const entrypoint = own === undefined ? image.entrypoint : own === '' ? [] : [own];
  // An entrypoint of one's own takes the image's command away.
  const usual = own === undefined ? image.command : [];
  const words = [...entrypoint, ...(asked.length > 0 ? asked : usual)];
  const [program] = words;
  if (program === undefined) {
    throw dockerError('No command specified, and the image has none');
  }
  return checkedLine({ program, arguments: words });
}
