// Takes names out of node:http that load the whole of undici. An import of a module of Node reads
// each of its exports, and reading `WebSocket` loads 100 files for it: a third of the start of a
// short command. Nothing here asks for them. Must be read before the first import of node:http.
import { getBuiltinModule } from 'node:process';

const http: Record<string, unknown> = getBuiltinModule('node:http') as object as never;
for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent']) {
  delete http[name];
}
