// Installs the clients for test/clients. A client that cannot be installed is named; with CI=true
// that is a failure if its registry answers. An installation is kept; a failed one is retried by
// every run.
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
