// Handles signals that arrive before the program can; it is loaded before everything else.
//
// For SIGUSR1, Node by itself would open its inspector: a port through which any user of the
// machine could run code as the program's user. It asks an agent to kill its tasks and leave the
// cluster, and is remembered here until the agent can do that; other programs ignore it. SIGHUP,
// which log rotation sends, must not end a server.
import { close, url } from 'node:inspector';
import { SERVERS } from '../servers.ts';

const SIGNAL = 'SIGUSR1';
/** For this long after the start, an inspector may still open that was asked for before. */
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
  // Once there is a log, SIGHUP reopens it.
  process.on('SIGHUP', () => {});
}

/**
 * Closes an inspector that a signal opened before this file ran; Node may open it once more after
 * that. The commands in bin/ start Node so that it cannot open one: this is for other ways to start
 * it.
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

/** Calls `listener` at once if the signal has arrived, and whenever it arrives. */
export function onUnregister(listener: () => void): void {
  hear = listener;
  if (hasCome) {
    listener();
  }
}
