// What whoever runs containers is told of, beside their ends.
import type { ContainerId } from '../model/ids.ts';
import type { OnLimitation } from './limitation.ts';
import type { SandboxPlace } from './plan/sandbox-path.ts';

export interface Listeners {
  onLimitation: OnLimitation;
  /** Called when a container has ended that is no executor's, and whose sandbox stays. */
  onSandboxLeft: (id: ContainerId, place: SandboxPlace) => void;
}

export const deafListeners = (): Listeners => ({
  onLimitation: () => undefined,
  onSandboxLeft: () => undefined,
});
