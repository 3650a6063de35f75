// SIGUSR1 asks an agent to take its tasks down and leave the cluster. Before the agent can do that, the
// signal is remembered here; left to itself, Node would start its inspector. SIGHUP, which log rotation
// sends, must not end a server that has only begun. Loaded first of all.
const SIGNAL = 'SIGUSR1';

let hasCome = false;
const remember = () => {
  hasCome = true;
};

const isServer = ['master', 'agent'].includes(process.argv[2] ?? '');

if (process.argv[2] === 'agent') {
  process.on(SIGNAL, remember);
}
if (isServer) {
  // Later it opens the log again; until then there is no log.
  process.on('SIGHUP', () => {});
}

/** Hands the signal over: at once if it has come, and whenever it comes. */
export function onUnregister(listener: () => void): void {
  process.on(SIGNAL, listener);
  process.off(SIGNAL, remember);
  if (hasCome) {
    listener();
  }
}
