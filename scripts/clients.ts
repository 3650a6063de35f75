// Installs the clients that test/clients runs. A client that cannot be had is named; with CI=true
// that is a failure when its registry answers. An installation is kept, a failed one is tried again
// by every run.
import { CLIENTS, type Client, install, installed } from '../test/clients/install.ts';

const isCI = ['true', '1'].includes(process.env.CI ?? '');

for (const client of Object.keys(CLIENTS) as Client[]) {
  let state = installed(client);
  if (state === undefined || state.leftOut !== undefined) {
    console.error(`Installing the client ${client} for tests`);
    state = install(client);
  }
  if (state.leftOut !== undefined) {
    console.error(`Left out: tests of the client ${client} (${state.leftOut.why})`);
    if (isCI && state.leftOut.isFailure) {
      process.exitCode = 1;
    }
  }
}
