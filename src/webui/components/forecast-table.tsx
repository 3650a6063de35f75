// Lines of before and after.
import type { ForecastLine } from '../words/forecasts.ts';
import { Name } from './name.tsx';

interface ForecastTableProps {
  readonly title: string;
  readonly lines: readonly ForecastLine[];
}

export function ForecastTable({ title, lines }: ForecastTableProps) {
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
