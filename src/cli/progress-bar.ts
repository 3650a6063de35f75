// How bars of progress look, whatever they show.
import { SingleBar } from 'cli-progress';

/** `format` as cli-progress has it; `{bar}` is the bar. */
export const progressBar = (output: NodeJS.WriteStream, format: string): SingleBar =>
  new SingleBar({
    stream: output,
    format,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    etaBuffer: 200,
    forceRedraw: true,
    formatValue: (value) => String(value),
  });
