// Lines of before and after.
import type { ForecastLine } from '../words/forecasts.ts';
import { Name } from './name.tsx';

interface ForecastTableProps {
  readonly title: string;
  readonly lines: readonly ForecastLine[];
}

/** What stays as it is, is folded. */
export function ForecastTable({ title, lines }: ForecastTableProps) {
  const others = lines.filter(({ isOther }) => isOther);
  const same = lines.filter(({ isOther }) => !isOther);
  return (
    <>
      {others.length === 0 ? (
        <p class="forecast-title">{title}: nothing changes.</p>
      ) : (
        <LinesTable title={title} lines={others} />
      )}
      {same.length === 0 ? null : (
        <details class="forecast-same">
          <summary>Stays as it is: {same.length}</summary>
          <LinesTable title="Stays as it is" lines={same} />
        </details>
      )}
    </>
  );
}

function LinesTable({ title, lines }: ForecastTableProps) {
  return (
    <table class="files">
      <caption class="forecast-title">{title}</caption>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col" class="table-number">
            Before
          </th>
          <th scope="col" class="table-number">
            After
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ name, before, after, isOther }) => (
          <tr key={name}>
            <td>
              <Name text={name} />
            </td>
            <td class="table-number number">{before}</td>
            <td class="table-number number">{isOther ? <strong>{after}</strong> : after}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
