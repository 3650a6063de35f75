// The dialog of an action: what will happen, what is sent, and what came of it. It stays open when
// the thing that it was about is gone, for that may be what came of it.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Chosen } from '../calls/chosen.ts';
import { CopyButton } from '../components/copy-button.tsx';
import { Dialog } from '../components/dialog.tsx';
import { useCluster } from '../components/live.ts';
import type { Cluster } from '../store/cluster.ts';
import { refusalOf, rememberRefusal } from '../stream/refusals.ts';
import { call, RequestFailure } from '../stream/requests.ts';
import { session } from '../stream/session.ts';
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
  /** Asked before anything is sent: why it is not what it was when the dialog was opened. */
  readonly guard?: () => Promise<string | undefined>;
  /** One after the other, at least one; the first that is refused is the last. */
  readonly calls: (chosen: Chosen) => readonly OperatorCall[];
  /** What is so when the master has taken it. */
  readonly done: string;
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

const close = () => {
  asked.value = undefined;
};

export function ActionDialog() {
  const action = asked.value;
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
  const calls = problem === undefined ? action.calls(chosen) : [];
  const permission = permissionOf(action, chosen);
  const choose = (changes: Chosen) => setChosen({ ...chosen, ...changes });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setPhase('busy');
    setFailure(undefined);
    const outcome = await carryOut(action, calls);
    setPhase(outcome === undefined ? 'done' : 'open');
    setFailure(outcome?.words);
    if (outcome?.isDenied) {
      rememberRefusal(permission, outcome.words);
    }
    actionsDone.value++;
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
        <Outlook changes={action.plan(chosen)} />
      )}
      {calls.length === 0 ? null : <Lines calls={calls} wasSent={false} />}
      {said === undefined ? null : (
        <p
          class={said === failure ? 'form-problem' : 'form-hint'}
          role={said === failure ? 'alert' : 'status'}
        >
          {plainText(said)}
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
            phase === 'busy' || problem !== undefined || refusalOf(permission) !== undefined
          }
        >
          {phase === 'busy' ? 'Asking the master …' : action.verb}
        </button>
      </div>
    </form>
  );
}

/** The button that was pressed is gone, and with it the focus. */
const focused = (button: HTMLButtonElement | null) => button?.focus();

interface Failed {
  readonly words: string;
  readonly isDenied: boolean;
}

/** Undefined when the master has taken all calls. */
async function carryOut(
  { guard }: Action,
  calls: readonly OperatorCall[],
): Promise<Failed | undefined> {
  let taken = 0;
  try {
    const other = await guard?.();
    if (other !== undefined) {
      return { words: other, isDenied: false };
    }
    for (const { type, body } of calls) {
      await call(type, body);
      taken++;
    }
    return undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return {
      words: taken === 0 ? words : `${words} (after ${taken} of ${calls.length} calls)`,
      isDenied: error instanceof RequestFailure && error.kind === 'denied',
    };
  }
}

/** The calls for a shell. */
function Lines({ calls, wasSent }: { calls: readonly OperatorCall[]; wasSent: boolean }) {
  const { principal, isSignedIn = false } = session.value ?? {};
  const url = new URL('api/v1', document.baseURI).href;
  const user = isSignedIn ? principal : undefined;
  const lines = calls
    .map(({ type, body }) => curlLine({ url, call: { type, ...body }, user }))
    .join('\n');
  return (
    <div>
      <h3>
        {wasSent ? 'Was sent' : 'Will be sent'} <CopyButton text={lines} what="it for a shell" />
      </h3>
      <pre class="curl-line">{lines}</pre>
    </div>
  );
}
