// The unversioned endpoints of an agent: for each path, the action to authorize and the view that
// answers.
import type { AgentViews, ContainerView, Viewer } from '../../agent/views.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { type Auditor, readAuthorizer } from '../server/auditor.ts';
import type { Realm } from '../server/authentication.ts';
import {
  badRequest,
  contentTypeMissing,
  forbidden,
  invalidCall,
  methodNotAllowed,
} from '../server/error-responses.ts';
import { jsonResponse, largeJsonResponse } from '../server/reply.ts';
import type { HttpResponse } from '../server/response.ts';
import { largeJson, type Pieces } from '../server/response-stream.ts';
import type { Endpoint, EndpointRequest } from '../server/router.ts';
import { SharedResponses } from '../server/shared-responses.ts';
import { type ContainerUsage, containerJson, listContainers, usageJson } from './containers.ts';
import type { ExecutorApi } from './executor-api.ts';
import type { AgentOperatorApi } from './operator-api.ts';

export interface AgentEndpointsOptions {
  readonly views: AgentViews;
  readonly authorizer: Authorizer;
  readonly auditor: Auditor | undefined;
  readonly operator: AgentOperatorApi;
  readonly executor: ExecutorApi;
  readonly unavailable: () => HttpResponse | undefined;
  readonly usage: ContainerUsage | undefined;
}

const READONLY: Realm = 'mesos-agent-readonly';
const READWRITE: Realm = 'mesos-agent-readwrite';

export class AgentEndpoints {
  readonly #options: AgentEndpointsOptions;
  /**
   * The texts of states that are being written, or were in this turn: requests of one principal
   * share a text.
   */
  readonly #states = new SharedResponses<string | Promise<Pieces>>({ soon: setImmediate });

  constructor(options: AgentEndpointsOptions) {
    this.#options = options;
  }

  executor(): Endpoint {
    const { executor } = this.#options;
    return {
      path: '/api/v1/executor',
      delegate: true,
      realm: 'mesos-agent-executor',
      handle: (request) => executor.handle(request),
    };
  }

  endpoints(): Endpoint[] {
    const { operator } = this.#options;
    const read = { delegate: true, realm: READONLY } as const;
    return [
      {
        path: '/api/v1',
        delegate: true,
        realm: READWRITE,
        handle: (request) => operator.handle(request),
      },
      this.executor(),
      {
        path: '/api/v1/resource_provider',
        delegate: true,
        realm: 'mesos-agent-resource-provider',
        handle: resourceProvider,
      },
      { ...read, path: '/state', handle: (request) => this.#state(request) },
      { ...read, path: '/containers', handle: (request) => this.#containers(request) },
      { ...read, path: '/containerizer/debug', handle: (request) => this.#debug(request) },
      { ...read, path: '/monitor/statistics', handle: (request) => this.#statistics(request) },
    ];
  }

  #state(request: EndpointRequest): HttpResponse | Promise<HttpResponse> {
    const unavailable = this.#options.unavailable();
    if (unavailable) {
      return unavailable;
    }
    const { principal, origin } = request;
    const reader = JSON.stringify([principal ?? null, this.#options.auditor && origin]);
    const text = this.#states.get(reader, () =>
      largeJson(this.#options.views.state(this.#viewer(request))),
    );
    return largeJsonResponse(text, request.query.jsonp);
  }

  async #containers(request: EndpointRequest): Promise<HttpResponse> {
    if (!this.#mayUse(request)) {
      return forbidden();
    }
    const { framework_id, executor_id, container_id, jsonp } = request.query;
    if (executor_id !== undefined && framework_id === undefined) {
      return badRequest("Expecting 'framework_id' along with 'executor_id' in query.\n");
    }
    const unavailable = this.#options.unavailable();
    if (unavailable) {
      return unavailable;
    }
    const containers = await this.#list(
      request,
      (view) =>
        (framework_id ?? view.frameworkId) === view.frameworkId &&
        (executor_id ?? view.executorId) === view.executorId &&
        (container_id ?? view.containerId) === view.containerId,
    );
    return jsonResponse(containers.map(containerJson), jsonp);
  }

  async #statistics(request: EndpointRequest): Promise<HttpResponse> {
    if (!this.#mayUse(request)) {
      return forbidden();
    }
    return (
      this.#options.unavailable() ??
      jsonResponse((await this.#list(request)).map(usageJson), request.query.jsonp)
    );
  }

  /** The containerizer's unfinished operations, of which there are never any: each ends at once. */
  #debug(request: EndpointRequest): HttpResponse {
    return this.#mayUse(request) ? jsonResponse({ pending: [] }, request.query.jsonp) : forbidden();
  }

  #list(
    request: EndpointRequest,
    isWanted?: (view: ContainerView) => boolean,
  ): ReturnType<typeof listContainers> {
    const { views, usage } = this.#options;
    return listContainers(views, this.#viewer(request), usage, isWanted);
  }

  #viewer(request: EndpointRequest): Viewer {
    const { principal, origin, endpoint } = request;
    const { authorizer, auditor } = this.#options;
    return { principal, authorizer: readAuthorizer(authorizer, auditor, endpoint, origin) };
  }

  #mayUse(request: EndpointRequest): boolean {
    const { principal, authorizer } = this.#viewer(request);
    const { endpoint } = request;
    return authorizer.authorize(principal, 'GET_ENDPOINT_WITH_PATH', { value: endpoint });
  }
}

/** Refuses every call: there are no local resource providers yet, so none can be subscribed. */
function resourceProvider(request: EndpointRequest): HttpResponse {
  if (request.method !== 'POST') {
    return methodNotAllowed(['POST'], request.method);
  }
  return request.header('content-type') === undefined
    ? contentTypeMissing
    : invalidCall('resource_provider::Call', "Expecting 'subscribe' to be present");
}
