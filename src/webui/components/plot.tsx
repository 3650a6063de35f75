// Amounts over time. What draws them, uPlot, is loaded with the first plot that is shown.
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { isDark } from './theme.tsx';

export interface Series {
  readonly label: string;
  /** A colour of style/tokens.css, such as `--series-total`. */
  readonly color: string;
  /** One for each moment; a gap where it is null. */
  readonly values: readonly (number | null)[];
  readonly isArea?: boolean;
}

interface PlotProps {
  readonly title: string;
  /** Moments, in seconds since 1970. */
  readonly seconds: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** Amounts are marked at powers of two, as bytes are counted. */
  readonly isBinary?: boolean | undefined;
}

const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];
const POWERS = Array.from({ length: 50 }, (_, power) => 2 ** power);

const HEIGHT_PX = 150;
const AXIS_PX = 62;

export function Plot({ title, seconds, series, format, isBinary }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot>(undefined);
  const dark = isDark.value;
  const shape = series.map(({ label }) => label).join('\n');
  // Colours are read when it is made, so another theme makes another plot.
  useEffect(() => {
    const element = frame.current;
    let isOver = false;
    let end = () => {};
    if (element === null) {
      return undefined;
    }
    void makePlot(element, { series, format, isBinary }).then((plot) => {
      if (isOver) {
        plot.destroy();
        return;
      }
      drawn.current = plot;
      plot.setData(dataOf(seconds, series));
      const sizes = new ResizeObserver(() =>
        plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
      );
      sizes.observe(element);
      end = () => {
        sizes.disconnect();
        plot.destroy();
      };
    });
    return () => {
      isOver = true;
      drawn.current = undefined;
      end();
    };
  }, [dark, shape]);
  useEffect(() => drawn.current?.setData(dataOf(seconds, series)), [seconds, series]);
  return (
    <figure class="plot">
      <figcaption class="plot-head">
        <h3>{title}</h3>
        <ul class="plot-legend">
          {series.map(({ label, color, values }) => (
            <li key={label}>
              <span class="plot-key" style={{ background: `var(${color})` }} aria-hidden="true" />
              {label} <span class="number">{format(values.at(-1) ?? 0)}</span>
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={frame} class="plot-frame" role="img" aria-label={`${title} over time`} />
    </figure>
  );
}

const dataOf = (seconds: readonly number[], series: readonly Series[]): uPlot.AlignedData => [
  [...seconds],
  ...series.map(({ values }) => [...values]),
];

async function makePlot(
  element: HTMLElement,
  { series, format, isBinary }: Pick<PlotProps, 'series' | 'format' | 'isBinary'>,
): Promise<uPlot> {
  const [{ default: UPlot }] = await Promise.all([
    import('uplot'),
    import('uplot/dist/uPlot.min.css'),
  ]);
  const [text, line] = [colorOf(element, '--text-quiet'), colorOf(element, '--line')];
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return new UPlot(
    {
      width: element.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 } },
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
      axes: [
        {
          ...{ ...axis, size: 26, space: 76, incrs: MINUTES.map((minutes) => minutes * 60) },
          values: (_, ticks) => ticks.map(clockText),
        },
        {
          ...{ ...axis, size: AXIS_PX, space: 32, ...(isBinary ? { incrs: POWERS } : {}) },
          values: (_, ticks) => ticks.map(format),
        },
      ],
      series: [
        {},
        ...series.map(({ label, color, isArea }) => {
          const stroke = colorOf(element, color);
          const fill = isArea ? { fill: colorOf(element, color, 0.25) } : {};
          return { label, stroke, width: 1.5, points: { show: false }, ...fill };
        }),
      ],
    },
    [[]],
    element,
  );
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

const clockText = (seconds: number) => clock.format(seconds * 1000);

/** A colour of the page as the browser has it, which a canvas takes. */
function colorOf(element: HTMLElement, name: string, opacity = 1): string {
  const probe = document.createElement('span');
  probe.style.color = `color-mix(in srgb, var(${name}) ${opacity * 100}%, transparent)`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
