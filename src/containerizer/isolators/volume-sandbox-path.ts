// volume/sandbox_path: folders of a container's sandbox that those nested in it use together.
// Containers see the machine's files, so that each finds the folder by a link in its own sandbox.
import { parentOf } from '../../model/container-id.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { type ContainerVolume, volumesOfKind } from '../plan/container-volumes.ts';
import type { ContainerPlan, ParentLink } from '../plan/plan.ts';
import { containerInfoOf } from '../plan/request.ts';
import { linkToParent } from '../volumes/sandbox-folders.ts';
import type { Isolator } from './isolator.ts';

export const volumeSandboxPath: Isolator = {
  name: 'volume/sandbox_path',
  contribute(plan, request) {
    const volumes = volumesOfKind(containerInfoOf(request), 'sandbox');
    return { ...plan, parentLinks: volumes.map((volume) => linkFor(volume, plan)) };
  },
  async prepare({ id, sandbox, parentLinks }) {
    for (const link of parentLinks) {
      linkToParent(id, sandbox, link);
    }
  },
};

function linkFor(
  { source, target, isReadOnly }: ContainerVolume<'sandbox'>,
  { id }: Pick<ContainerPlan, 'id'>,
): ParentLink {
  if (typeof target === 'string') {
    throw new ContainerizerError(
      "The 'linux' launcher and 'filesystem/linux' isolator must be enabled to support " +
        'SANDBOX_PATH volume with absolute container path',
    );
  }
  if (source.of === 'self') {
    // The task could make such a link itself.
    throw new ContainerizerError("'container_path' is relative for SANDBOX_PATH volume SELF type");
  }
  if (parentOf(id) === undefined) {
    throw new ContainerizerError('SANDBOX_PATH volume PARENT type only works for nested container');
  }
  if (isReadOnly) {
    // Mesos only warns of it in its log.
    throw new ContainerizerError(
      `The 'linux' launcher and 'filesystem/linux' isolator must be enabled to close SANDBOX_PATH ` +
        `volume '${target.join('/')}' to writing: a link cannot`,
    );
  }
  return { link: target, target: source.names };
}
