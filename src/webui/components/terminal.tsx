// One terminal: opened when it is shown, ended when it is left, with how it is beside it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { rememberRefusal } from '../stream/refusals.ts';
import {
  type TerminalEnd,
  TerminalSocket,
  type TerminalTarget,
} from '../stream/terminal-socket.ts';
import { exitWords } from '../words/terminals.ts';
import { Icon } from './icon.tsx';
import { TerminalScreen } from './terminal-screen.ts';
import { isDark } from './theme.tsx';

/** How often, and after what time, a terminal is asked for again that somebody else types into. */
const MAX_ATTEMPTS = 12;
const PAUSE_MS = 500;
const BUSY = 409;
const DENIED = 403;

type State =
  | { readonly phase: 'opening' }
  | { readonly phase: 'busy' }
  | { readonly phase: 'open' }
  | { readonly phase: 'over'; readonly end: TerminalEnd };

interface TerminalProps {
  /** Whoever opens another has to give it a key of its own. */
  readonly target: TerminalTarget;
  /** What a refusal is remembered as. */
  readonly permission: string;
  /** Undefined where its container has ended for good. */
  readonly onAgain: (() => void) | undefined;
}

export function Terminal({ target, permission, onAgain }: TerminalProps) {
  const frame = useRef<HTMLDivElement>(null);
  const foot = useRef<HTMLButtonElement>(null);
  const screen = useRef<TerminalScreen>(undefined);
  const socket = useRef<TerminalSocket>(undefined);
  const [state, setState] = useState<State>({ phase: 'opening' });
  const [isReadAloud, setReadAloud] = useState(false);
  const dark = isDark.value;
  useEffect(() => {
    const element = frame.current;
    let isOver = false;
    let timer: number | undefined;
    if (element === null) {
      return undefined;
    }
    const connect = (shown: TerminalScreen, attempt: number) => {
      socket.current = new TerminalSocket(target, {
        size: shown.size,
        onOpen: () => {
          shown.start();
          setState({ phase: 'open' });
        },
        onOutput: (bytes, taken) => shown.write(bytes, taken),
        onEnd: (end) => {
          shown.stop();
          if (isOver) {
            return;
          }
          if (end.kind === 'refused' && end.status === BUSY && attempt < MAX_ATTEMPTS) {
            setState({ phase: 'busy' });
            timer = window.setTimeout(() => connect(shown, attempt + 1), PAUSE_MS);
            return;
          }
          if (end.kind === 'refused' && end.status === DENIED) {
            rememberRefusal(permission, end.words);
          }
          setState({ phase: 'over', end });
        },
      });
    };
    TerminalScreen.open(element, {
      isDark: isDark.value,
      isReadAloud,
      onType: (bytes) => socket.current?.type(bytes),
      onSize: (size) => socket.current?.resize(size),
      onLeave: () => foot.current?.focus(),
    }).then(
      (opened) => {
        if (isOver) {
          opened.close();
          return;
        }
        screen.current = opened;
        opened.focus();
        connect(opened, 1);
      },
      (error: Error) => setState({ phase: 'over', end: { kind: 'lost', words: error.message } }),
    );
    return () => {
      isOver = true;
      window.clearTimeout(timer);
      socket.current?.close();
      screen.current?.close();
    };
  }, []);
  useEffect(() => screen.current?.setDark(dark), [dark]);
  useEffect(() => screen.current?.setReadAloud(isReadAloud), [isReadAloud]);
  const isLive = state.phase !== 'over';
  // Ctrl+W is a key of shells, and closes tabs.
  useEffect(() => {
    if (!isLive) {
      return undefined;
    }
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [isLive]);
  const paste = async () => {
    screen.current?.paste(await navigator.clipboard.readText().catch(() => ''));
    screen.current?.focus();
  };
  return (
    <section aria-label="Terminal">
      <div ref={frame} class="terminal-frame" />
      <div class="terminal-foot">
        <span class="terminal-state" role="status" data-kind={kindOf(state)}>
          {onAgain === undefined && !isLive
            ? 'The task has ended, and this with it.'
            : wordsOf(state, target)}
        </span>
        <button ref={foot} type="button" class="button" onClick={() => void screen.current?.copy()}>
          <Icon name="copy" size={15} />
          Copy
        </button>
        {isLive && navigator.clipboard !== undefined ? (
          <button type="button" class="button" onClick={paste}>
            Paste
          </button>
        ) : null}
        {isLive ? (
          <button type="button" class="button" onClick={() => socket.current?.close()}>
            {target.mode === 'exec' ? 'End' : 'Leave'}
          </button>
        ) : onAgain === undefined || isDenied(state) ? null : (
          <button type="button" class="button button-main" onClick={onAgain}>
            Again
          </button>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={isReadAloud}
            onChange={(event) => setReadAloud(event.currentTarget.checked)}
          />
          Screen reader
        </label>
      </div>
      <p class="quiet terminal-hint">
        <kbd>Shift</kbd>
        <kbd>Esc</kbd> leads out of the terminal, <kbd>Ctrl</kbd>
        <kbd>Shift</kbd>
        <kbd>C</kbd> copies and <kbd>V</kbd> pastes.{' '}
        {!isLive
          ? ''
          : target.mode === 'exec'
            ? 'The command ends when you leave this view.'
            : 'The task goes on when you leave this view.'}
      </p>
    </section>
  );
}

const isDenied = (state: State) =>
  state.phase === 'over' && state.end.kind === 'refused' && state.end.status === DENIED;

const kindOf = (state: State) =>
  state.phase === 'over' && (state.end.kind === 'refused' || state.end.kind === 'lost')
    ? 'bad'
    : undefined;

function wordsOf(state: State, { mode, container }: TerminalTarget): string {
  switch (state.phase) {
    case 'opening':
      return 'Opening …';
    case 'busy':
      return 'Somebody else types into it, or has just left. Trying again …';
    case 'open':
      return mode === 'exec' ? `Beside container ${container}.` : `In container ${container}.`;
    case 'over':
      return endWords(state.end, mode);
    default:
      return state satisfies never;
  }
}

function endWords(end: TerminalEnd, mode: TerminalTarget['mode']): string {
  switch (end.kind) {
    case 'exit':
      return [exitWords(end.status), end.message].filter(Boolean).join(' ');
    case 'containerEnded':
      return 'The container has ended.';
    case 'left':
      return mode === 'exec' ? 'You have ended it.' : 'You have left it; the task goes on.';
    default:
      return end.words;
  }
}
