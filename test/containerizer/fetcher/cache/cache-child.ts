// A process that fills a cache until it is killed: BASE FOLDER RECORDS BYTES. It prints a line for
// each file that it has.
import { FetcherCache } from '../../../../src/containerizer/fetcher/cache/cache.ts';
import { ThreadTransfers } from '../../../../src/containerizer/fetcher/transfers.ts';

const [base = '', folder = '', records = '', bytes = ''] = process.argv.slice(2);
const transfers = new ThreadTransfers();
const cache = new FetcherCache({
  folder,
  records,
  bytes: Number(bytes),
  measure: (path, abort) => transfers.measure(path, abort),
  warn: (text) => process.stderr.write(`${text}\n`),
});
const never = new AbortController().signal;

async function fetchAll(first: number): Promise<void> {
  for (let number = first; ; number = (number + 3) % 40) {
    const file = { uri: `${base}/${number}`, stallMs: 10_000 };
    const source = {
      bytes: (abort: AbortSignal) => transfers.remoteBytes(file, abort),
      fill: (path: string, maxBytes: number, abort: AbortSignal) =>
        transfers.download({ ...file, path, maxBytes }, abort),
    };
    using lease = await cache.lease({ user: 'me', uri: file.uri }, source, never);
    if (lease !== undefined) {
      process.stdout.write(`${number}\n`);
    }
  }
}

await Promise.all([0, 1, 2].map(fetchAll));
