// Pulls of images, as an agent tells of them.
import { ContainerizerError } from '../containerizer/containerizer-error.ts';
import { canonicalName, parseReference } from '../containerizer/images/formats/reference.ts';
import type { PullProgress } from '../containerizer/images/pull-progress.ts';
import {
  type AgentResponse_GetImages_Pull,
  AgentResponse_GetImages_Pull_Layer_State,
} from '../model/generated/messages.ts';

const STAGES = {
  [AgentResponse_GetImages_Pull_Layer_State.UNKNOWN]: 'waiting',
  [AgentResponse_GetImages_Pull_Layer_State.WAITING]: 'waiting',
  [AgentResponse_GetImages_Pull_Layer_State.DOWNLOADING]: 'downloading',
  [AgentResponse_GetImages_Pull_Layer_State.UNPACKING]: 'unpacking',
  [AgentResponse_GetImages_Pull_Layer_State.DONE]: 'done',
} as const;

/** As the agent has told it. */
export const progressOf = ({
  image: { type, name },
  start_time,
  layers = [],
}: AgentResponse_GetImages_Pull): PullProgress => ({
  type,
  name,
  startedMs: Number(start_time?.nanoseconds ?? 0n) / 1e6,
  layers:
    layers.length === 0
      ? undefined
      : layers.map(({ digest, state = 0, received_bytes = 0, total_bytes }) => ({
          digest,
          size: total_bytes,
          received: received_bytes,
          stage: STAGES[state],
        })),
});

/** The name that an agent has a Docker image by. Throws ContainerizerError where it is none. */
export const storedName = (name: string): string => canonicalName(parseReference(name));

export function storedNameOrNone(name: string): string | undefined {
  try {
    return storedName(name);
  } catch (error) {
    if (error instanceof ContainerizerError) {
      return undefined;
    }
    throw error;
  }
}
