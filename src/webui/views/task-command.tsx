// What a task runs, as its agent tells it, and the last that a failed one has said.
import { Fact, Facts, Tags } from '../components/facts.tsx';
import { Name } from '../components/name.tsx';
import { useReading } from '../components/reading.ts';
import { href } from '../locations/location.ts';
import { type ExecutorsAnswer, executorCommand, lastLines } from '../store/executor-command.ts';
import type { TaskRow } from '../store/rows.ts';
import { readFile } from '../stream/agent-files.ts';
import { agentCall } from '../stream/requests.ts';
import { plainText } from '../words/names.ts';

/** It does not change. */
const EVERY_MS = 600_000;
const TAIL_BYTES = 4096;
const TAIL_LINES = 12;

/** Nothing where the agent is away, forbids it, or has forgotten the task. */
export function TaskCommand({ row }: { row: TaskRow }) {
  const { agentId, frameworkId, executorId } = row;
  const { value } = useReading(
    `command ${agentId} ${frameworkId} ${executorId}`,
    EVERY_MS,
    async (signal) =>
      executorCommand(await agentCall<ExecutorsAnswer>(agentId, 'GET_EXECUTORS', {}, signal), row),
  );
  if (value === undefined) {
    return null;
  }
  const { command, isCut, user, environment, uris } = value;
  return (
    <section class="panel">
      <h2>{executorId === row.id ? 'What it runs' : 'What its executor runs'}</h2>
      <Facts>
        <Fact name="Command">
          <code>{plainText(command)}</code>
          {isCut ? <span class="quiet"> The agent tells only its beginning.</span> : null}
        </Fact>
        <Fact name="User">{user === undefined ? null : <Name text={user} />}</Fact>
        <Fact name="Environment">
          {environment.length === 0 ? null : <Tags texts={environment} />}
        </Fact>
        <Fact name="Files fetched">{uris.length === 0 ? null : <Tags texts={uris} />}</Fact>
      </Facts>
    </section>
  );
}

/** The end of stderr, of a task whose folder is that of its executor. */
export function LastWords({ row }: { row: TaskRow }) {
  const { agentId, frameworkId, executorId } = row;
  const path = `/frameworks/${frameworkId}/executors/${executorId}/runs/latest/stderr`;
  const { value } = useReading(`stderr ${agentId} ${path}`, EVERY_MS, async () => {
    const { size } = await readFile(agentId, { path, offset: 0, length: 1 });
    const offset = Math.max(0, size - TAIL_BYTES);
    const { bytes } = await readFile(agentId, { path, offset, length: TAIL_BYTES });
    return lastLines(new TextDecoder().decode(bytes), TAIL_LINES);
  });
  return value === undefined || value === '' ? null : (
    <>
      <h3 class="section">
        The end of stderr{' '}
        <a href={href(['tasks', frameworkId, row.id, 'files'], { file: 'stderr' })}>All of it</a>
      </h3>
      <pre class="timeline-message">{plainLines(value)}</pre>
    </>
  );
}

const plainLines = (text: string) => text.split('\n').map(plainText).join('\n');
