// Prints what a verb says: once, or with --watch again and again.
import { setTimeout as wait } from 'node:timers/promises';
import type { FlagValues } from '../../flags/flag.ts';
import { outcomeOf } from '../outcome.ts';
import type { LIST_FLAGS, WATCH_FLAGS } from './flags.ts';
import type { Listing } from './listing.ts';
import { printable } from './printable.ts';
import { type Screen, screenOf } from './screen.ts';
import { type Format, listed, type Said, type Shown, shown } from './shown.ts';

/** Reads what is to be shown, and shows it as the flags of a list say. */
export const presentList = <Row>(
  values: FlagValues<typeof LIST_FLAGS>,
  read: () => Promise<Listing<Row>>,
): Promise<void> => present(values, async (screen) => listed(await read(), values, screen));

/** Reads one thing, and shows it. */
export const presentOne = async (
  values: { readonly output: Format },
  read: () => Promise<Shown>,
): Promise<void> => say(await shown(await read(), values.output, screen()));

const screen = () => screenOf(process.stdout, process.env);

async function present(
  { watch, interval }: FlagValues<typeof WATCH_FLAGS>,
  render: (screen: Screen) => Promise<Said>,
): Promise<void> {
  if (!watch) {
    return say(await render(screen()));
  }
  if (screen().isTerminal) {
    // Loaded where it is used: without it, commands start sooner.
    const { default: update } = await import('log-update');
    for (let before: Said | undefined; ; await wait(interval)) {
      const looked = await look(render, before !== undefined);
      before = 'trouble' in looked ? before : looked;
      const notes = 'trouble' in looked ? [before?.note, looked.trouble] : [looked.note];
      const lines = [before?.text.trimEnd(), ...notes.map((each) => printable(each ?? ''))];
      update(lines.filter(Boolean).join('\n'));
    }
  }
  let trouble = '';
  for (let before: string | undefined; ; await wait(interval)) {
    const looked = await look(render, before !== undefined);
    if ('trouble' in looked) {
      // Told once, however long it lasts.
      if (looked.trouble !== trouble) {
        trouble = looked.trouble;
        process.stderr.write(`${printable(trouble)}\n`);
      }
      continue;
    }
    trouble = '';
    const { text, note = '' } = looked;
    const now = text === '' ? note : text;
    if (now !== before) {
      process.stdout.write(before === undefined ? text : `\n${text}`);
      before = now;
    }
  }
}

/** The first look must succeed; later ones may meet a master that is just being restarted. */
async function look(
  render: (screen: Screen) => Promise<Said>,
  hasLooked: boolean,
): Promise<Said | { readonly trouble: string }> {
  try {
    return await render(screen());
  } catch (error) {
    if (!hasLooked) {
      throw error;
    }
    return { trouble: outcomeOf(error).message };
  }
}

function say({ text, note }: Said): void {
  process.stdout.write(text);
  if (note !== undefined) {
    process.stderr.write(`${printable(note)}\n`);
  }
}
