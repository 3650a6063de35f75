// The images of one type that are being pulled, how far each has come, and how long pulls take.
import type { Image_Type } from '../../../model/generated/messages.ts';
import { Durations } from '../../../model/timer-statistics.ts';
import type { LayerDescriptor } from '../image.ts';
import type { LayerProgress, PullProgress } from '../pull-progress.ts';
import type { LayerStore } from './layer-store.ts';

export class RunningPulls {
  /** How long pulls took, whether they have failed or not. */
  readonly durations = new Durations();
  readonly #type: Image_Type;
  readonly #layers: Pick<LayerStore, 'progress'>;
  /** Of one name there are several where they come by different credentials. */
  readonly #running = new Set<RunningPull>();

  constructor(type: Image_Type, layers: Pick<LayerStore, 'progress'>) {
    this.#type = type;
    this.#layers = layers;
  }

  /** Until it is disposed of. `name` is what the store has it by. */
  begin(name: string): RunningPull {
    const pull = new RunningPull({ type: this.#type, name }, this.#layers, (tookMs) => {
      this.#running.delete(pull);
      this.durations.add(tookMs);
    });
    this.#running.add(pull);
    return pull;
  }

  all(): PullProgress[] {
    return [...this.#running].map((pull) => pull.progress());
  }

  /** Of the image of this name. */
  of(name: string): PullProgress | undefined {
    return [...this.#running].findLast((pull) => pull.image.name === name)?.progress();
  }
}

export class RunningPull implements Disposable {
  readonly image: Pick<PullProgress, 'type' | 'name'>;
  readonly #startedMs = Date.now();
  readonly #store: Pick<LayerStore, 'progress'>;
  readonly #end: (tookMs: number) => void;
  #layers: readonly LayerDescriptor[] | undefined;
  /** Those that are in the store. */
  readonly #done = new Set<LayerDescriptor>();

  constructor(
    image: RunningPull['image'],
    store: Pick<LayerStore, 'progress'>,
    end: (tookMs: number) => void,
  ) {
    this.image = image;
    this.#store = store;
    this.#end = end;
  }

  /** Its manifest has come. */
  has(layers: readonly LayerDescriptor[]): void {
    this.#layers = layers;
  }

  done(layer: LayerDescriptor): void {
    this.#done.add(layer);
  }

  progress(): PullProgress {
    const layers = this.#layers?.map((layer) => this.#of(layer));
    return { ...this.image, startedMs: this.#startedMs, layers };
  }

  #of(layer: LayerDescriptor): LayerProgress {
    const { digest, size } = layer;
    if (this.#done.has(layer)) {
      return { digest, size, received: size ?? 0, stage: 'done' };
    }
    const { stage = 'waiting', received = 0 } = this.#store.progress(digest) ?? {};
    return { digest, size, received, stage };
  }

  [Symbol.dispose](): void {
    this.#end(Date.now() - this.#startedMs);
  }
}
