// What of an agent is relayed, by the path of the request: a few endpoints, each by its exact name,
// so that no spelling of a path leads to another one.
import { badRequest, methodNotAllowed, notFound } from '../server/error-responses.ts';
import type { HttpResponse } from '../server/response.ts';
import type { EndpointRequest } from '../server/router.ts';

/** Methods by endpoint. */
const READ = ['GET', 'HEAD'];
const ENDPOINTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['/api/v1', ['POST']],
  ...[
    ...['/files/browse', '/files/read', '/files/download', '/files/archive', '/files/debug'],
    ...['/containers', '/monitor/statistics', '/state', '/flags', '/version', '/metrics/snapshot'],
  ].map((path) => [path, READ] as const),
]);

/** Ids that masters give have no other characters. */
const PATH = /^(?:\/master)?\/agent\/([\w.-]{1,256})(\/.*)$/;

export interface RelayTarget {
  readonly agent: string;
  /** At the agent, with its query written anew. */
  readonly path: string;
}

/** Or the response to a request that is not relayed. */
export function relayTarget(
  request: Pick<EndpointRequest, 'method' | 'path' | 'query'>,
): RelayTarget | HttpResponse {
  const [, agent, path = ''] = PATH.exec(request.path) ?? [];
  const methods = ENDPOINTS.get(path);
  if (agent === undefined || methods === undefined) {
    return notFound();
  }
  if (!methods.includes(request.method)) {
    return methodNotAllowed(methods, request.method);
  }
  // What an agent's task has a part in is never run as a script of the master's page.
  if (request.query.jsonp !== undefined) {
    return badRequest("Expecting no 'jsonp' in the query of what is relayed.\n");
  }
  const query = new URLSearchParams(request.query as Record<string, string>)
    .toString()
    .replaceAll('+', '%20');
  return { agent, path: query === '' ? path : `${path}?${query}` };
}
