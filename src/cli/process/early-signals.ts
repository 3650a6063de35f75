// What signals may not do to a program that has only begun. Loaded first of all.
//
// SIGUSR1, left to Node, opens its inspector: a port by which any user of the machine could run
// code as the program's. It asks an agent to take its tasks down and leave the cluster, and is
// remembered here until the agent can do that; elsewhere it does nothing. SIGHUP, which log
// rotation sends, must not end a server.
import { close, url } from 'node:inspector';
import { SERVERS } from '../servers.ts';

const SIGNAL = 'SIGUSR1';
/** How long after our start an inspector may still open that was asked for before it. */
const INSPECTOR_MS = 1_000;
const LOOK_MS = 10;

let hasCome = false;
let hear = () => {
  hasCome = true;
};

const [, , command = ''] = process.argv;
const isServer = SERVERS.some((name) => name === command);

process.on(SIGNAL, () => hear());
if (!process.execArgv.some((option) => /^--inspect(-brk|-wait)?(=|$)/.test(option))) {
  closeInspector(process.uptime() * 1000 + INSPECTOR_MS);
}
if (isServer) {
  // Later it opens the log again; until then there is no log.
  process.on('SIGHUP', () => {});
}

/**
 * One that a signal has opened before this file was run; Node may open it once more when it is
 * closed. The commands in bin/ start Node so that it can open none: this is for those who start it
 * themselves.
 */
function closeInspector(untilMs: number): void {
  if (url() !== undefined) {
    close();
    hear();
  }
  if (process.uptime() * 1000 < untilMs) {
    setTimeout(() => closeInspector(untilMs), LOOK_MS).unref();
  }
}

/** Hands the signal over: at once if it has come, and whenever it comes. */
export function onUnregister(listener: () => void): void {
  hear = listener;
  if (hasCome) {
    listener();
  }
}
