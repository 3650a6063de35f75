// The outcome of a plan as text, in the words of the page.
import {
  clusterLines,
  type Forecast,
  type ForecastLine,
  forecastWarnings,
  roomWords,
  shareLines,
} from '../../../webui/words/forecasts.ts';
import { plainText } from '../../../webui/words/names.ts';
import { counted } from '../../counted.ts';
import { painted, type Screen } from '../output/screen.ts';
import { tableText } from '../output/table-text.ts';

interface Outcome {
  readonly forecast: Forecast;
  readonly says: string;
  readonly isDrain: boolean;
  nameOf(frameworkId: string): string;
}

interface Look {
  readonly screen: Screen;
  /** Also what stays as it is. */
  readonly isWide: boolean;
}

/** Tasks of a framework that are named. */
const MOST_NAMED = 8;

export function forecastText(outcome: Outcome, look: Look): string {
  const { forecast, says } = outcome;
  const heading = painted(look.screen, 'emphasis', `If so: ${plainText(says)}`);
  return [
    `${heading}\n`,
    endingText(outcome),
    ...forecastWarnings(forecast, 'quota set has --force').map(
      (text) => `${painted(look.screen, 'warn', plainText(text))}\n`,
    ),
    tableOf('THE CLUSTER', clusterLines(forecast), look),
    tableOf('ROLES AND FRAMEWORKS', shareLines(forecast, outcome.nameOf), look),
  ].join('');
}

function endingText({ forecast, isDrain, nameOf }: Outcome): string {
  const { ending_tasks = [] } = forecast;
  if (ending_tasks.length === 0) {
    return 'No task ends.\n';
  }
  const all = ending_tasks.reduce((sum, { tasks }) => sum + tasks, 0);
  const lines = ending_tasks.map(({ framework_id, tasks, examples = [] }) => {
    const named = examples.slice(0, MOST_NAMED).map(({ value }) => value);
    const more = tasks > named.length ? ' …' : '';
    return `  ${counted(tasks, 'task')} of ${nameOf(framework_id.value)}: ${named.join(', ')}${more}`;
  });
  const room = isDrain ? roomWords(forecast) : undefined;
  return [
    all === 1 ? '1 task ends:' : `${all} tasks end:`,
    ...lines,
    ...(room === undefined ? [] : [room]),
  ]
    .map((line) => `${plainText(line)}\n`)
    .join('');
}

function tableOf(title: string, lines: readonly ForecastLine[], { screen, isWide }: Look): string {
  const shown = lines.filter(({ isOther }) => isWide || isOther);
  if (shown.length === 0) {
    return lines.length === 0 ? '' : `\n${title}: nothing changes (-o wide shows it)\n`;
  }
  return `\n${tableText(
    {
      columns: [{ title }, { title: 'BEFORE', isRight: true }, { title: 'AFTER', isRight: true }],
      rows: shown.map(({ name, before, after }) => [name, before, after]),
      hasTitles: true,
    },
    screen,
  )}`;
}
