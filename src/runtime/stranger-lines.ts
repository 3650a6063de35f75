// Lines of the log that anybody can cause, any number of times: of those about one topic, caused
// from one address, the first one is written as it comes, and the others are counted.
import { cutOrigin, ipIn, placeOf } from '../model/origin.ts';
import type { LogLevel, Stranger } from '../model/process-effects.ts';
import { type Gathered, Gatherer } from './gatherer.ts';

interface Line {
  readonly level: LogLevel;
  readonly text: string;
}

type Write = (level: LogLevel, text: string) => void;

/** Characters of a line. */
const MAX_TEXT = 1_024;

export class StrangerLines {
  readonly #write: Write;
  readonly #gatherer = new Gatherer<Line, string>({
    tell: (gathered) => this.#tell(gathered),
    mostItems: 1,
    isFirstAtOnce: true,
  });

  constructor(write: Write) {
    this.#write = write;
  }

  add(level: LogLevel, text: string, { topic, origin }: Stranger): void {
    const ip = ipIn(cutOrigin(origin));
    const line = () => ({ level, text: text.slice(0, MAX_TEXT) });
    this.#gatherer.add(placeOf(ip), JSON.stringify([topic, ip]), line);
  }

  /** Writes what has been counted. */
  flush(): void {
    this.#gatherer.flush();
  }

  #tell({ items, caller, count }: Gathered<Line, string>): void {
    const [first] = items;
    if (first === undefined) {
      this.#write('warn', `${count} more warnings about ${caller ?? 'many other addresses'}`);
    } else {
      const more = count === 1 ? '' : ` (and ${count - 1} more about the same address)`;
      this.#write(first.level, `${first.text}${more}`);
    }
  }
}
