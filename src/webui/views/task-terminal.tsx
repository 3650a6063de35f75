// A terminal into a task: a command beside it, or its own terminal where it has one. Nothing is
// started by a link alone, for whoever follows one may not know what it would do in their name.
import { useState } from 'preact/hooks';
import { isTerminal } from '../../model/task-state.ts';
import { Pills } from '../components/filters.tsx';
import { Icon } from '../components/icon.tsx';
import { useCluster } from '../components/live.ts';
import { Empty } from '../components/notices.tsx';
import { place } from '../components/place.tsx';
import { Terminal } from '../components/terminal.tsx';
import type { TaskRow } from '../store/rows.ts';
import { refusalOf } from '../stream/refusals.ts';
import type { TerminalTarget } from '../stream/terminal-socket.ts';
import { containerOf } from '../words/terminals.ts';
import { NoSuchTask, TaskHead, useTask } from './task-head.tsx';
import type { Names } from './views.ts';

export function TaskTerminalView({ names }: { names: Names }) {
  const found = useTask(names);
  return found === undefined ? (
    <NoSuchTask {...names} />
  ) : (
    <>
      <TaskHead row={found.row} />
      <TaskTerminal row={found.row} />
    </>
  );
}

const MODES = [
  { value: '', text: 'A command beside it' },
  { value: 'attach', text: 'Its own terminal' },
];

interface Opened {
  readonly target: TerminalTarget;
  readonly permission: string;
  readonly turn: number;
}

function TaskTerminal({ row }: { row: TaskRow }) {
  // It is the same row when it has changed: with that alone this would not be drawn again.
  useCluster();
  const [opened, setOpened] = useState<Opened>();
  const [command, setCommand] = useState('');
  const [user, setUser] = useState('');
  const details = row.details();
  const container = containerOf(details);
  const hasOwn = details.container?.tty_info !== undefined;
  const mode = hasOwn && place.value.query.mode === 'attach' ? 'attach' : 'exec';
  const permission = `TERMINAL ${mode} ${container} ${mode === 'exec' ? user : ''}`;
  const refusal = refusalOf(permission);
  const open = (wanted: Omit<Opened, 'turn'>) =>
    setOpened((before) => ({ ...wanted, turn: (before?.turn ?? 0) + 1 }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (container !== undefined) {
      const target = { agent: row.agentId, container, mode, command, user } as const;
      open({ target, permission });
    }
  };
  const canOpen = container !== undefined && !isTerminal(row.state);
  return (
    <>
      {canOpen ? (
        <form class="terminal-form" onSubmit={submit}>
          {hasOwn ? <Pills name="mode" label="What is opened" options={MODES} /> : null}
          {mode === 'attach' ? null : (
            <>
              <TextField
                label="Command"
                value={command}
                placeholder="/bin/sh"
                onText={setCommand}
                isLong
              />
              <TextField
                label="User"
                value={user}
                placeholder="that of the task"
                onText={setUser}
              />
            </>
          )}
          {refusal === undefined ? (
            <button type="submit" class="button button-main">
              <Icon name="terminal" size={15} />
              {opened === undefined ? 'Open' : 'Open anew'}
            </button>
          ) : (
            <span class="quiet">
              You may not open this{opened === undefined ? `: ${refusal}` : '.'}
            </span>
          )}
        </form>
      ) : null}
      {opened === undefined ? (
        canOpen ? null : (
          <Empty title="There is no container to open a terminal in">
            {isTerminal(row.state) ? 'The task has ended.' : 'The task has not been started yet.'}
          </Empty>
        )
      ) : (
        <Terminal
          key={opened.turn}
          target={opened.target}
          permission={opened.permission}
          onAgain={canOpen ? () => open(opened) : undefined}
        />
      )}
    </>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onText: (text: string) => void;
  readonly isLong?: boolean;
}

const TextField = ({ label, value, placeholder, onText, isLong = false }: TextFieldProps) => (
  <label class={isLong ? 'terminal-command' : ''}>
    {label}
    <input
      {...{ value, placeholder }}
      spellcheck={false}
      autocapitalize="off"
      onInput={(event) => onText(event.currentTarget.value)}
    />
  </label>
);
