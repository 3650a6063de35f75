// `mesoscale events`.
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import type { MasterEvent } from '../../../model/generated/messages.ts';
import { plainText } from '../../../webui/words/names.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { counted } from '../../counted.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { Cluster } from '../connection/cluster.ts';
import { CommandError, EXIT, outcomeOf } from '../outcome.ts';
import { rowTest } from '../output/chosen-rows.ts';
import { painted, type Screen, screenOf } from '../output/screen.ts';
import { COLUMNS, Narrator, type Told } from './event-words.ts';
import type { EVENTS_FLAGS } from './flags.ts';

type Values = FlagValues<typeof EVENTS_FLAGS>;

const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 10_000;
/** `12:34:56` of a date in ISO's form. */
const CLOCK = { from: 11, to: 19 };

export async function followEvents(values: Values): Promise<void> {
  const isWanted = rowTest(COLUMNS, values.filter);
  const screen = screenOf(process.stdout, process.env);
  let left = values.count ?? Number.POSITIVE_INFINITY;
  let waitMs = FIRST_WAIT_MS;
  for (let isFirst = true; left > 0; ) {
    try {
      const cluster = await Cluster.of(values);
      const narrator = new Narrator();
      for await (const event of cluster.events()) {
        if (event.subscribed !== undefined) {
          say(
            `${isFirst ? 'following' : 'following again'} ${cluster.address}` +
              ` (${counted(narratedBy(narrator, event).agents, 'agent')}, ${counted(narrator.frameworks, 'framework')})`,
          );
          [isFirst, waitMs] = [false, FIRST_WAIT_MS];
          continue;
        }
        const told = narrator.tell(event);
        if (told !== undefined && isWanted(told)) {
          await print(values.output === 'json' ? jsonLine(event) : lineOf(told, screen));
          left -= 1;
          if (left <= 0) {
            return;
          }
        }
      }
      throw new CommandError(EXIT.unreachable, 'the master has ended the stream');
    } catch (error) {
      if (isFirst || !values.follow || isRefusal(error)) {
        throw error;
      }
      const { message } = outcomeOf(error);
      say(`${message}; connecting again in ${waitMs / 1000} s`);
      await wait(waitMs);
      waitMs = Math.min(2 * waitMs, MOST_WAIT_MS);
    }
  }
}

function narratedBy(narrator: Narrator, event: MasterEvent): Narrator {
  narrator.tell(event);
  return narrator;
}

/** Another attempt would not change that. */
const isRefusal = (error: unknown): boolean =>
  error instanceof CallRefusedError && error.status < 500;

const say = (text: string): void => void process.stderr.write(`${plainText(text)}\n`);

/** No event is taken while the reader of the last ones has not. */
async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) {
    await once(process.stdout, 'drain');
  }
}

const jsonLine = (event: MasterEvent): string =>
  JSON.stringify({
    heard: new Date().toISOString(),
    ...(jsonValue(types.MasterEvent, event) as object),
  });

function lineOf({ of, id, name, says, look }: Told, screen: Screen): string {
  const now = new Date();
  // In a terminal the day is known; in a file it is not.
  const time = screen.isTerminal ? localTime(now) : now.toISOString();
  const who =
    name === '' || name === id ? id : of === 'task' ? `${id} (${name})` : `${name} (${id})`;
  const text = plainText(says);
  return `${painted(screen, 'faint', time)}  ${of} ${plainText(who)} ${look === undefined ? text : painted(screen, look, text)}`;
}

function localTime(now: Date): string {
  const shifted = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(CLOCK.from, CLOCK.to);
}
