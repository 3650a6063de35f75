// The output of all suites: a table for people, or with --json one object in a line for programs.

export interface Measurement {
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

export interface Report {
  readonly suite: string;
  readonly workload: string;
  readonly agents: number;
  readonly frameworks: number;
  /** The measurements of each run; all runs have the same metrics. */
  readonly runs: readonly (readonly Measurement[])[];
  readonly json: boolean;
}

export function report(result: Report): void {
  const rows = (result.runs[0] ?? []).map(({ metric, unit }) => {
    const values = result.runs
      .flatMap((run) => run.filter((m) => m.metric === metric).map((m) => m.value))
      .sort((a, b) => a - b);
    return {
      suite: result.suite,
      workload: result.workload,
      agents: result.agents,
      frameworks: result.frameworks,
      metric,
      unit,
      median: quantile(values, 0.5),
      min: values[0] ?? 0,
      max: values.at(-1) ?? 0,
      runs: result.runs.length,
    };
  });
  if (result.json) {
    for (const row of rows) {
      process.stdout.write(`${JSON.stringify(row)}\n`);
    }
    return;
  }
  const title = `${result.suite} ${result.workload}: ${result.agents} agents, ${result.frameworks} frameworks`;
  process.stdout.write(`\n${title}\n`);
  for (const row of rows) {
    const range = row.runs > 1 ? `  (${figure(row.min)} … ${figure(row.max)})` : '';
    process.stdout.write(
      `  ${row.metric.padEnd(26)} ${figure(row.median).padStart(10)} ${row.unit}${range}\n`,
    );
  }
}

/** The value below which a fraction `q` of the sorted values is. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

/** Three significant digits, without an exponent. */
export function figure(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) {
    return Math.round(value).toLocaleString('en-US');
  }
  return value.toPrecision(3);
}
