// Says how far the images of tasks have come that wait for them, as far as their agent tells: it
// may not know the call, or not answer this principal.
import { progressText } from '../../containerizer/images/pull-progress.ts';
import type { OperatorClient } from '../../http/client/operator-client.ts';
import {
  AgentCall_Type,
  ContainerInfo_Type,
  type TaskInfo,
} from '../../model/generated/messages.ts';
import { progressOf, storedNameOrNone } from '../told-pulls.ts';

/** The time between two looks: what comes sooner needs no words. */
const LOOK_MS = 2_000;

export interface ImageWait {
  /** Once the tasks run, or have ended. */
  end(): void;
}

/** Undefined where no task has an image. */
export function watchImages(
  agent: Pick<OperatorClient, 'agent'>,
  tasks: readonly TaskInfo[],
  say: (text: string) => void,
): ImageWait | undefined {
  const wanted = tasks.flatMap((task) => imageOf(task) ?? []);
  const names = new Set(wanted.map(storedNameOrNone).filter((name) => name !== undefined));
  if (names.size === 0) {
    return undefined;
  }
  let isOver = false;
  let last = '';
  const look = async () => {
    const { get_images } = await agent.agent({ type: AgentCall_Type.GET_IMAGES });
    const own = get_images?.pulls?.filter(({ image }) => names.has(image.name)) ?? [];
    const text = own
      .map(
        (pull) => `Image '${pull.image.name}' is being pulled: ${progressText(progressOf(pull))}`,
      )
      .join('\n');
    if (!isOver && text !== '' && text !== last) {
      last = text;
      say(text);
    }
  };
  const timer = setInterval(() => void look().catch(() => clearInterval(timer)), LOOK_MS);
  return {
    end: () => {
      isOver = true;
      clearInterval(timer);
    },
  };
}

/** The name of a Docker image, by the type of its container. */
const imageOf = ({ container }: TaskInfo): string | undefined =>
  container?.type === ContainerInfo_Type.DOCKER
    ? container.docker?.image
    : container?.mesos?.image?.docker?.name;
