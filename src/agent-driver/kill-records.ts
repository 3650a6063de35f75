// Kills in progress, on record for the executors of a later agent.
import { ContainerizerError } from '../containerizer/containerizer-error.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import { killOf, killText, type RememberedKill } from '../executor/remembered-kill.ts';
import { errorText } from '../model/error-text.ts';
import type { ContainerId } from '../model/ids.ts';

export class KillRecords {
  readonly #records: Pick<RunRecords, 'rememberKill' | 'killing'>;
  readonly #warn: (text: string) => void;

  constructor(records: Pick<RunRecords, 'rememberKill' | 'killing'>, warn: (text: string) => void) {
    this.#records = records;
    this.#warn = warn;
  }

  /** A kill goes on even if its record cannot be written. */
  remember(container: ContainerId, kill: RememberedKill): void {
    try {
      this.#records.rememberKill(container, killText(kill));
    } catch (error) {
      this.#warn(`The kill of container ${container} is not on record: ${errorText(error)}`);
    }
  }

  /** The kill that an earlier executor began of what runs in this container, if there was one. */
  of(container: ContainerId): RememberedKill | undefined {
    try {
      const text = this.#records.killing(container);
      const kill = text === undefined ? undefined : killOf(text);
      if (text !== undefined && kill === undefined) {
        throw new ContainerizerError(`'${text}' is no kill that this version knows`);
      }
      return kill;
    } catch (error) {
      // The kill is asked for again if it is still wanted; a task that is still wanted must not end
      // here.
      this.#warn(
        `Whether container ${container} was being killed cannot be told, and it goes on: ${errorText(error)}`,
      );
      return undefined;
    }
  }
}
