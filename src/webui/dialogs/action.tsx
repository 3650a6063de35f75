// The dialog of an action: what will happen, what is sent, and what came of it. It stays open when
// the thing that it was about is gone, for that may be what came of it.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Chosen } from '../calls/chosen.ts';
import { CopyButton } from '../components/copy-button.tsx';
import { Dialog } from '../components/dialog.tsx';
import { useCluster } from '../components/live.ts';
import { href, type Query } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import { refusalOf, rememberRefusal } from '../stream/refusals.ts';
import { call, NOT_ALLOWED, RequestFailure } from '../stream/requests.ts';
import { session } from '../stream/session.ts';
import { countText } from '../words/amounts.ts';
import { curlLine } from '../words/curl-line.ts';
import { plainText } from '../words/names.ts';
import { type FieldsProps, type Option, Options } from './options.tsx';
import { Outlook } from './outlook.tsx';

/** A call of the operator API: its type, and its fields beside that. */
export interface OperatorCall {
  readonly type: string;
  readonly body: object;
}

export interface Action {
  /** What is done to what, as a heading. */
  readonly title: string;
  /** On buttons. */
  readonly verb: string;
  /** Whether it ends something that does not come back. */
  readonly isGrave: boolean;
  /** Two that share it are refused to the same people. It may be another by what is chosen. */
  readonly permission: string | ((chosen: Chosen) => string);
  /** What will happen, as the cluster is now. */
  readonly effects: (cluster: Cluster, chosen: Chosen) => ComponentChildren;
  /** What is chosen to begin with. */
  readonly initial?: Chosen;
  /** What can be chosen, above the options. */
  readonly Fields?: (props: FieldsProps) => ComponentChildren;
  readonly options?: readonly Option[];
  /** Why it makes no sense as chosen; nothing is sent then. The master judges all else. */
  readonly problem?: (chosen: Chosen) => string | undefined;
  /** Changes as PLAN takes them: what would come of them is shown. */
  readonly plan?: (chosen: Chosen) => readonly object[];
  /** The same in “What if?”, as its query. */
  readonly planned?: (chosen: Chosen) => Query;
  /** Asked before anything is sent: why it is not what it was when the dialog was opened. */
  readonly guard?: () => Promise<string | undefined>;
  /**
   * One after the other, at least one. Where one makes no sense to the master, as for an agent that
   * is gone, the others are sent all the same; where it is denied, they are not.
   */
  readonly calls: (chosen: Chosen) => readonly OperatorCall[];
  /** What is so when the master has taken it. */
  readonly done: string;
  /** Told when it has. */
  readonly onDone?: () => void;
}

/** By what it is refused, when that is chosen. */
export const permissionOf = ({ permission, initial = {} }: Action, chosen = initial): string =>
  typeof permission === 'string' ? permission : permission(chosen);

const asked = signal<Action | undefined>(undefined);

/** How many actions have been done: views ask anew for what the stream does not carry. */
export const actionsDone = signal(0);

/** Opens the dialog; nothing is sent before a person says so there. */
export function ask(action: Action): void {
  asked.value = action;
}

/** As `ask`, when the master has said what the action needs; why it has not is said else. */
export async function askAfter(make: () => Promise<Action>): Promise<void> {
  const action = await make().catch(wordsOf);
  if (typeof action === 'string') {
    unmade.value = action;
  } else {
    ask(action);
  }
}

/** Why an action could not be made. */
const unmade = signal<string | undefined>(undefined);

const close = () => {
  asked.value = undefined;
  unmade.value = undefined;
};

export function ActionDialog() {
  const action = asked.value;
  if (unmade.value !== undefined) {
    return (
      <Dialog title="This cannot be done now" onClose={close}>
        <p class="form-problem" role="alert">
          {plainText(unmade.value)}
        </p>
      </Dialog>
    );
  }
  return action === undefined ? null : (
    <Dialog title={action.title} isWide={action.Fields !== undefined} onClose={close}>
      <ActionForm key={action.title} action={action} />
    </Dialog>
  );
}

type Phase = 'open' | 'busy' | 'done';

function ActionForm({ action }: { action: Action }) {
  const [chosen, setChosen] = useState<Chosen>(action.initial ?? {});
  const [phase, setPhase] = useState<Phase>('open');
  const [failure, setFailure] = useState<string>();
  const cluster = useCluster();
  const problem = action.problem?.(chosen);
  const [taken, setTaken] = useState<ReadonlySet<string>>(new Set());
  const [sent, setSent] = useState(0);
  const changes = problem === undefined ? (action.plan?.(chosen) ?? []) : [];
  const planned = JSON.stringify(changes);
  /** Changes, as JSON, of which it has been seen what would come of them. */
  const [foreseen, setForeseen] = useState<string>();
  const calls = problem === undefined ? action.calls(chosen) : [];
  const permission = permissionOf(action, chosen);
  const choose = (changes: Chosen) => {
    setChosen({ ...chosen, ...changes });
    // It was about what was chosen before.
    setFailure(undefined);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setPhase('busy');
    setFailure(undefined);
    // What the master has taken is not sent once more.
    const outcome = await carryOut(
      action,
      calls.filter((each) => !taken.has(JSON.stringify(each))),
      setSent,
    );
    setTaken(new Set([...taken, ...outcome.taken]));
    setPhase(outcome.failure === undefined ? 'done' : 'open');
    setFailure(outcome.failure);
    if (outcome.isDenied && outcome.failure !== undefined) {
      rememberRefusal(permission, outcome.failure);
    }
    actionsDone.value++;
    if (outcome.failure === undefined) {
      action.onDone?.();
    }
  };
  if (phase === 'done') {
    return (
      <div class="form">
        <p role="status">{action.done}</p>
        <Lines calls={calls} wasSent />
        <div class="form-actions">
          <button type="button" class="button" ref={focused} onClick={close}>
            Close
          </button>
        </div>
      </div>
    );
  }
  const said = failure ?? problem ?? refusalOf(permission);
  return (
    <form class="form" onSubmit={submit}>
      <div class="effects">{cluster === undefined ? null : action.effects(cluster, chosen)}</div>
      {action.Fields === undefined ? null : <action.Fields chosen={chosen} choose={choose} />}
      <Options options={action.options ?? []} chosen={chosen} choose={choose} />
      {action.plan === undefined || problem !== undefined ? null : (
        <Outlook
          changes={planned}
          more={href(['what-if'], action.planned?.(chosen))}
          onMore={close}
          onAnswered={setForeseen}
        />
      )}
      {calls.length === 0 ? null : <Lines calls={calls} wasSent={false} />}
      {said === undefined ? null : (
        <p
          class={said === failure ? 'form-problem' : 'form-hint'}
          role={said === failure ? 'alert' : 'status'}
        >
          {plainText(said)}
          {said.startsWith(NOT_ALLOWED)
            ? ' Whoever keeps the access control lists can allow it.'
            : ''}
        </p>
      )}
      <div class="form-actions">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button
          type="submit"
          class={`button ${action.isGrave ? 'button-grave' : 'button-main'}`}
          disabled={
            phase === 'busy' ||
            problem !== undefined ||
            (action.plan !== undefined && foreseen !== planned) ||
            refusalOf(permission) !== undefined
          }
        >
          {phase !== 'busy'
            ? action.verb
            : calls.length === 1
              ? 'Asking the master …'
              : `Asking the master: ${countText(sent)} of ${countText(calls.length)} …`}
        </button>
      </div>
    </form>
  );
}

/** The button that was pressed is gone, and with it the focus. */
const focused = (button: HTMLButtonElement | null) => button?.focus();

interface Outcome {
  /** Calls that the master has taken, as JSON. */
  readonly taken: readonly string[];
  /** Undefined when it has taken all. */
  readonly failure?: string;
  readonly isDenied: boolean;
}

async function carryOut(
  { guard }: Action,
  calls: readonly OperatorCall[],
  onSent: (count: number) => void,
): Promise<Outcome> {
  const taken: string[] = [];
  const refusals: string[] = [];
  let isDenied = false;
  try {
    const other = await guard?.();
    if (other !== undefined) {
      return { taken, failure: other, isDenied };
    }
    for (const [index, each] of calls.entries()) {
      onSent(index);
      try {
        await call(each.type, each.body);
        taken.push(JSON.stringify(each));
      } catch (error) {
        refusals.push(wordsOf(error));
        isDenied ||= error instanceof RequestFailure && error.kind === 'denied';
        if (!(error instanceof RequestFailure && error.kind === 'refused')) {
          break;
        }
      }
    }
  } catch (error) {
    return { taken, failure: wordsOf(error), isDenied };
  }
  const [first] = refusals;
  return first === undefined
    ? { taken, isDenied }
    : {
        taken,
        failure: calls.length === 1 ? first : `${first} (${taken.length} of ${calls.length} done)`,
        isDenied,
      };
}

/** Flags of calls are boxes here. */
const wordsOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).replace(
    /\(use 'force'(?: flag)? to bypass this check\)/,
    '(choose “Even if …” above to do it all the same)',
  );

/** The calls for a shell. */
function Lines({ calls, wasSent }: { calls: readonly OperatorCall[]; wasSent: boolean }) {
  const { principal, isSignedIn = false, isCertified = false } = session.value ?? {};
  const url = new URL('api/v1', document.baseURI).href;
  const user = isSignedIn ? principal : undefined;
  const lines = calls
    .map(({ type, body }) => curlLine({ url, call: { type, ...body }, user, isCertified }))
    .join('\n');
  return (
    <div>
      <h3>
        {wasSent ? 'Was sent' : 'Will be sent'} <CopyButton text={lines} what="it for a shell" />
      </h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: many lines are scrolled by keys */}
      <pre class="curl-line" tabIndex={0}>
        {lines}
      </pre>
    </div>
  );
}
