// Signing in with a name and a secret.
import { useState } from 'preact/hooks';
import { Dialog } from '../components/dialog.tsx';
import { refuseSignIn, signIn, signInAsked } from '../stream/session.ts';

export function SignInDialog() {
  const [name, setName] = useState('');
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  if (!signInAsked.value) {
    return null;
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(name, secret);
      setSecret('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <Dialog isOfAll title="Sign in" onClose={refuseSignIn}>
      <form class="form" onSubmit={submit}>
        <p>This cluster shows itself to those it knows.</p>
        <label>
          Name
          <input
            name="principal"
            autocomplete="username"
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label>
          Secret
          <input
            name="secret"
            type="password"
            autocomplete="current-password"
            value={secret}
            onInput={(event) => setSecret(event.currentTarget.value)}
          />
        </label>
        {problem === undefined ? null : (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
        <div class="form-actions">
          <button type="submit" class="button button-main" disabled={busy}>
            {busy ? 'Signing in …' : 'Sign in'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
