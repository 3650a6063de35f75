// Figures become the bodies of answers in turns: of thousands of frameworks there are tens of
// thousands, and other requests are handled in between.
import { type FigureSink, snapshotSink } from '../../model/figures.ts';
import type { Metric } from '../../model/generated/messages.ts';
import type { Pieces } from '../server/response-stream.ts';
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

const PIECE = 32 * 1024;

/** The body of /metrics/snapshot. */
export async function snapshotPieces(figures: FigureSource): Promise<Pieces> {
  const pieces: Uint8Array[] = [];
  let text = '';
  const sink = snapshotSink((name, value) => {
    text += `${text === '' && pieces.length === 0 ? '{' : ','}${JSON.stringify(name)}:${JSON.stringify(value)}`;
    if (text.length >= PIECE) {
      pieces.push(Buffer.from(text));
      text = '';
    }
  });
  const slice = new Slice();
  for (const _ of figures(sink)) {
    await slice.pass();
  }
  const isEmpty = text === '' && pieces.length === 0;
  pieces.push(Buffer.from(isEmpty ? '{}' : `${text}}`));
  return pieces;
}

/** The same for GET_METRICS. */
export async function snapshotList(figures: FigureSource): Promise<Metric[]> {
  const metrics: Metric[] = [];
  const slice = new Slice();
  for (const _ of figures(snapshotSink((name, value) => metrics.push({ name, value })))) {
    await slice.pass();
  }
  return metrics;
}
