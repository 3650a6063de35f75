// Figures become the bodies of answers in turns: of thousands of frameworks there are tens of
// thousands, and other requests are handled in between.
import { type FigureSink, snapshotSink } from '../../model/figures.ts';
import { largeJson, type Pieces } from '../server/response-stream.ts';
import { Slice } from '../server/slice.ts';
import { Exposition } from './exposition.ts';
import type { Places } from './family.ts';

type FigureSource = (set: FigureSink) => Iterable<undefined>;

/** The body of /metrics. */
export async function expositionPieces(
  places: Places,
  figures: FigureSource,
  further: (set: FigureSink) => void,
): Promise<Pieces> {
  const exposition = new Exposition(places);
  const slice = new Slice();
  for (const _ of figures(exposition.sink)) {
    await slice.pass();
  }
  further(exposition.sink);
  const pieces: Uint8Array[] = [];
  for (const text of exposition.texts()) {
    pieces.push(Buffer.from(text));
    await slice.pass();
  }
  return pieces;
}

/** The body of /metrics/snapshot. */
export async function snapshotPieces(figures: FigureSource): Promise<Pieces> {
  const metrics: Record<string, number> = {};
  const slice = new Slice();
  for (const _ of figures(snapshotSink(metrics))) {
    await slice.pass();
  }
  const text = await largeJson(metrics);
  return typeof text === 'string' ? [Buffer.from(text)] : text;
}
