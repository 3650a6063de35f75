// The search over everything: what is typed finds tasks, frameworks, agents and roles.
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { StateBadge } from '../components/badge.tsx';
import { Dialog } from '../components/dialog.tsx';
import { Icon, type IconName } from '../components/icon.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { goTo } from '../components/place.tsx';
import { Ago } from '../components/time.tsx';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import { type Found, type FoundGroup, type FoundKind, search } from '../store/search.ts';
import { giveWay } from '../stream/turns.ts';
import { countText } from '../words/amounts.ts';

/** A pause in typing after which it is searched for. */
const PAUSE_MS = 60;

const KINDS: Readonly<
  Record<FoundKind, { title: string; icon: IconName; link: (found: Found) => string }>
> = {
  framework: {
    ...{ title: 'Frameworks', icon: 'frameworks' },
    link: ({ id }) => href(['frameworks', id]),
  },
  agent: { title: 'Agents', icon: 'agents', link: ({ id }) => href(['agents', id]) },
  role: { title: 'Roles', icon: 'roles', link: ({ id }) => href(['roles', id]) },
  task: {
    ...{ title: 'Tasks', icon: 'tasks' },
    link: ({ frameworkId, id }) => href(['tasks', frameworkId, id]),
  },
};

/** The list of all of a kind that a text finds. */
const ALL: Readonly<Record<FoundKind, (q: string) => string>> = {
  framework: (q) => href(['frameworks'], { q }),
  agent: (q) => href(['agents'], { q }),
  role: (q) => href(['roles'], { q }),
  task: (q) => href(['tasks'], { q, state: 'all' }),
};

/** A line of the results: something found, or the way to all of its kind. */
interface Line {
  readonly link: string;
  /** Absent of the way to all. */
  readonly found?: Found;
  readonly group: FoundGroup;
}

const linesOf = (groups: readonly FoundGroup[], text: string): readonly Line[] =>
  groups.flatMap((group) => [
    ...group.found.map((found) => ({ link: KINDS[found.kind].link(found), found, group })),
    ...(group.count > group.found.length ? [{ link: ALL[group.kind](text), group }] : []),
  ]);

/** Searched for again with each text; undefined until the first answer. */
function useFound(cluster: Cluster | undefined, text: string): readonly FoundGroup[] | undefined {
  const [groups, setGroups] = useState<readonly FoundGroup[]>();
  useEffect(() => {
    let isOver = false;
    const look = async () => {
      if (cluster === undefined) {
        return;
      }
      const steps = search(cluster, text);
      let step = steps.next();
      while (!step.done && !isOver) {
        await giveWay();
        step = steps.next();
      }
      if (step.done && !isOver) {
        setGroups(step.value);
      }
    };
    const timer = window.setTimeout(() => void look(), PAUSE_MS);
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [cluster, text]);
  return groups;
}

export function SearchDialog({ onClose }: { onClose: () => void }) {
  const cluster = useCluster();
  const [text, setText] = useState('');
  const groups = useFound(cluster, text);
  const lines = useMemo(() => linesOf(groups ?? [], text.trim()), [groups]);
  const [active, setActive] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => setActive(0), [groups]);
  useLayoutEffect(() => field.current?.focus(), []);
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [active, id]);
  const go = (line: Line | undefined) => {
    if (line !== undefined) {
      onClose();
      goTo(line.link);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setActive(Math.max(0, Math.min(lines.length - 1, active + step)));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(lines[active]);
    }
  };
  const isNone = text.trim() !== '' && groups !== undefined && lines.length === 0;
  return (
    <Dialog title="Search" onClose={onClose} isWide isHigh>
      <label class="search search-all">
        <Icon name="search" size={16} />
        <span class="unseen">Tasks, frameworks, agents and roles</span>
        <input
          ref={field}
          type="text"
          role="combobox"
          aria-expanded={lines.length > 0}
          aria-controls={id}
          aria-autocomplete="list"
          aria-activedescendant={lines.length > 0 ? `${id}-${active}` : undefined}
          placeholder="Names, ids, hosts"
          value={text}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      <div id={id} class="found" role="listbox" aria-label="Found">
        {(groups ?? []).map((group) => (
          <Group key={group.kind} group={group} id={id} {...{ lines, active, go }} />
        ))}
      </div>
      <p class="quiet" role="status">
        {isNone
          ? 'Nothing has these words in its name, id, labels or attributes.'
          : text.trim() === ''
            ? 'Finds tasks, frameworks, agents and roles; what fits best and is newest comes first.'
            : ''}
      </p>
    </Dialog>
  );
}

interface GroupProps {
  readonly group: FoundGroup;
  readonly id: string;
  readonly lines: readonly Line[];
  readonly active: number;
  readonly go: (line: Line) => void;
}

function Group({ group, id, lines, active, go }: GroupProps) {
  const { title, icon } = KINDS[group.kind];
  const heading = `${id}-${group.kind}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a listbox has groups, which no element is
    <div role="group" aria-labelledby={heading}>
      <div id={heading} class="found-head quiet">
        {title} <span class="number">{countText(group.count)}</span>
      </div>
      {lines.map((line, index) =>
        line.group !== group ? null : (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are taken by the field
          <div
            key={line.link}
            id={`${id}-${index}`}
            class="found-line"
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            onClick={() => go(line)}
          >
            <Icon name={icon} size={15} />
            {line.found === undefined ? <span>All of them</span> : <FoundText found={line.found} />}
          </div>
        ),
      )}
    </div>
  );
}

function FoundText({ found: { name, id, atMs, frameworkId } }: { found: Found }) {
  const cluster = useCluster();
  const framework = cluster?.frameworks.get(frameworkId);
  const task = cluster?.task(frameworkId, id);
  return (
    <>
      <span class="found-name">
        <Name text={name} title={id} />
        {name === id ? null : (
          <span class="quiet fixed">
            <Name text={id} />
          </span>
        )}
      </span>
      {task === undefined ? null : <StateBadge state={task.state} />}
      {framework === undefined ? null : (
        <span class="quiet found-owner">
          <Name text={framework.name || frameworkId} title={frameworkId} />
        </span>
      )}
      {atMs === 0 ? null : (
        <span class="found-when">
          <Ago ms={atMs} />
        </span>
      )}
    </>
  );
}
