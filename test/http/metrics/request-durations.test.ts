// How long answers take, as /metrics of a running port tells it.
import { afterEach, expect, test } from 'vitest';
import { startMaster, stopMasters } from '../mini-master.ts';

afterEach(stopMasters);

test('answers are counted by endpoint and status, calls of frameworks too', async () => {
  const { url } = await startMaster();
  await (await fetch(`${url}/state`)).text();
  await (await fetch(`${url}/master/state/more`)).text();
  await (await fetch(`${url}/files/read`)).text();
  const body = '{"type":"SUPPRESS","framework_id":{"value":"f"}}';
  for (const stream of ['s', undefined]) {
    const headers = {
      'Content-Type': 'application/json',
      ...(stream === undefined ? {} : { 'Mesos-Stream-Id': stream }),
    };
    const answer = await fetch(`${url}/api/v1/scheduler`, { method: 'POST', headers, body });
    expect(answer.status).toBe(202);
  }
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^mesos_http_responses_total/.test(line));
  expect(lines).toEqual([
    'mesos_http_responses_total{path="/state",code="500"} 0',
    'mesos_http_responses_total{path="/state",code="200"} 2',
    'mesos_http_responses_total{path="/files/read",code="500"} 0',
    'mesos_http_responses_total{path="/files/read",code="400"} 1',
    'mesos_http_responses_total{path="/api/v1/scheduler",code="500"} 0',
    'mesos_http_responses_total{path="/api/v1/scheduler",code="202"} 2',
  ]);
  expect(text).toContain('mesos_http_request_duration_seconds_count{path="/state"} 2\n');
});
