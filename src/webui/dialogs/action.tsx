// The dialog of an action: what will happen, what is sent, and what came of it. It stays open when
// the thing that it was about is gone, for that may be what came of it.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { CopyButton } from '../components/copy-button.tsx';
import { Dialog } from '../components/dialog.tsx';
import { useCluster } from '../components/live.ts';
import type { Cluster } from '../store/cluster.ts';
import { rememberRefusal } from '../stream/refusals.ts';
import { call, RequestFailure } from '../stream/requests.ts';
import { session } from '../stream/session.ts';
import { curlLine } from '../words/curl-line.ts';

/** A call of the operator API: its type, and its fields beside that. */
export interface OperatorCall {
  readonly type: string;
  readonly body: object;
}

/** What can be chosen before it is done. */
interface Option {
  readonly name: string;
  readonly label: string;
  readonly kind: 'check' | 'seconds';
}

/** `true` of what is checked; a number as it was typed. */
export type Chosen = Readonly<Record<string, string>>;

export interface Action {
  /** What is done to what, as a heading. */
  readonly title: string;
  /** On buttons. */
  readonly verb: string;
  /** Whether it ends something that does not come back. */
  readonly isGrave: boolean;
  /** Two that share it are refused to the same people. */
  readonly permission: string;
  /** What will happen, as the cluster is now. */
  readonly effects: (cluster: Cluster) => ComponentChildren;
  readonly options?: readonly Option[];
  /** One after the other, at least one; the first that is refused is the last. */
  readonly calls: (chosen: Chosen) => readonly OperatorCall[];
  /** What is so when the master has taken it. */
  readonly done: string;
}

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
    <Dialog title={action.title} onClose={close}>
      <ActionForm key={action.title} action={action} />
    </Dialog>
  );
}

type Phase = 'open' | 'busy' | 'done';

function ActionForm({ action }: { action: Action }) {
  const [chosen, setChosen] = useState<Chosen>({});
  const [phase, setPhase] = useState<Phase>('open');
  const [failure, setFailure] = useState<string>();
  const calls = action.calls(chosen);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setPhase('busy');
    setFailure(undefined);
    let taken = 0;
    try {
      for (const { type, body } of calls) {
        await call(type, body);
        taken++;
      }
      setPhase('done');
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      setFailure(taken === 0 ? words : `${words} (after ${taken} of ${calls.length} calls)`);
      setPhase('open');
      // What was chosen with it may be all that is refused.
      const isPlain = Object.values(chosen).every((value) => value === '');
      if (error instanceof RequestFailure && error.kind === 'denied' && isPlain) {
        rememberRefusal(action.permission, words);
      }
    }
    actionsDone.value++;
  };
  return (
    <form class="form" onSubmit={submit}>
      {phase === 'done' ? <p role="status">{action.done}</p> : <Effects action={action} />}
      {phase === 'done' ? null : (
        <Options options={action.options ?? []} chosen={chosen} onChoose={setChosen} />
      )}
      <Lines calls={calls} wasSent={phase === 'done'} />
      {failure === undefined ? null : (
        <p class="form-problem" role="alert">
          {failure}
        </p>
      )}
      <div class="form-actions">
        <button type="button" class="button" onClick={close}>
          {phase === 'done' ? 'Close' : 'Cancel'}
        </button>
        {phase === 'done' ? null : (
          <button
            type="submit"
            class={`button ${action.isGrave ? 'button-grave' : 'button-main'}`}
            disabled={phase === 'busy'}
          >
            {phase === 'busy' ? 'Asking the master …' : action.verb}
          </button>
        )}
      </div>
    </form>
  );
}

function Effects({ action }: { action: Action }) {
  const cluster = useCluster();
  return <div class="effects">{cluster === undefined ? null : action.effects(cluster)}</div>;
}

interface OptionsProps {
  readonly options: readonly Option[];
  readonly chosen: Chosen;
  readonly onChoose: (chosen: Chosen) => void;
}

function Options({ options, chosen, onChoose }: OptionsProps) {
  return options.map(({ name, label, kind }) =>
    kind === 'check' ? (
      <label key={name} class="form-check">
        <input
          type="checkbox"
          checked={chosen[name] === 'true'}
          onChange={({ currentTarget }) =>
            onChoose({ ...chosen, [name]: currentTarget.checked ? 'true' : '' })
          }
        />
        {label}
      </label>
    ) : (
      <label key={name}>
        {label}
        <input
          type="number"
          min="0"
          step="1"
          value={chosen[name] ?? ''}
          onInput={({ currentTarget }) => onChoose({ ...chosen, [name]: currentTarget.value })}
        />
      </label>
    ),
  );
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
