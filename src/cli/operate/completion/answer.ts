// `mesoscale complete`, which shells ask when somebody presses Tab: what could stand there.
import { printNow } from '../../process/output-errors.ts';
import { EXIT } from '../outcome.ts';
import { connectionValues } from '../program.ts';
import { wordsOfLine } from './bash.ts';
import { namesOf } from './offers.ts';
import { type Offer, type Tables, type Wanted, wantedAt } from './wanted.ts';

/** Who waits for a completion waits no longer. */
const PATIENCE_MS = 1_000;
/** More than that nobody reads. */
const MOST_OFFERS = 500;
const MOST_SAID = 60;

/** What a shell takes as it is, whatever it does with it: names come from whoever runs tasks. */
const SAFE = /^[\w/@][\w./@:+,=-]*$/;
const FLAG = /^--[\w-]+=?$/;

/** What the scripts of the shells know: no blank after the word; and no names of files. */
const NO_SPACE = 2;
const NO_FILES = 4;

/** `asked`: `-- WORDS…` of zsh and fish, and `bash -- BREAKS LINE`. Ends the process. */
export async function complete(asked: readonly string[], tables: Tables): Promise<void> {
  if (asked[0] === 'bash') {
    const [, , breaks = '', line = ''] = asked;
    await answer(tables, wordsOfLine(line), (current) => ({
      isWhole: true,
      from: [...current].findLastIndex((each) => breaks.includes(each)) + 1,
    }));
    return;
  }
  await answer(tables, asked.slice(1), () => ({ isWhole: false, from: 0 }));
}

/** How much of a word the shell wants: with `--flag=` before a value, and from where on. */
type Cut = (current: string) => { readonly isWhole: boolean; readonly from: number };

async function answer(tables: Tables, typed: readonly string[], cut: Cut): Promise<void> {
  const current = typed.at(-1) ?? '';
  const wanted = wantedAt(tables, typed.slice(0, -1), current);
  const offers = chosen([...wanted.offers, ...(await things(wanted, current))], wanted, current);
  const { isWhole, from } = cut(current);
  const prefix = isWhole ? wanted.prefix : '';
  const lines = offers.map(
    ({ value, says }) =>
      `${`${prefix}${value}`.slice(from)}${isWhole || says === '' ? '' : `\t${says}`}`,
  );
  const isOpen = offers.length === 1 && offers[0]?.value.endsWith('=') === true;
  const directive = (isOpen ? NO_SPACE : 0) + (wanted.things === 'file' ? 0 : NO_FILES);
  printNow([...lines, `:${directive}\n`].join('\n'));
  // Connections may still be open.
  process.exit(EXIT.done);
}

/** None where the master takes too long, or cannot be asked. */
async function things(
  { things: kind, connection, prefix }: Wanted,
  current: string,
): Promise<readonly Offer[]> {
  if (kind === undefined) {
    return [];
  }
  const late = new Promise<readonly Offer[]>((resolve) => {
    setTimeout(() => resolve([]), PATIENCE_MS);
  });
  const values = () => connectionValues([...connection], process.env);
  try {
    const begun = { word: current.slice(prefix.length), limit: MOST_OFFERS };
    return await Promise.race([namesOf(kind, values, begun), late]);
  } catch {
    // Whatever is wrong is told by the command itself, when it runs.
    return [];
  }
}

function chosen(offers: readonly Offer[], { prefix }: Wanted, current: string): readonly Offer[] {
  const begun = current.slice(prefix.length);
  return [...new Map(offers.map((offer) => [offer.value, offer])).values()]
    .filter(({ value }) => value.startsWith(begun) && (SAFE.test(value) || FLAG.test(value)))
    .slice(0, MOST_OFFERS)
    .map(({ value, says }) => ({ value, says: plain(says) }));
}

/** A line of printable text. */
function plain(text: string): string {
  const line = text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return line.length > MOST_SAID ? `${line.slice(0, MOST_SAID)}…` : line;
}
