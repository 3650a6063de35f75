// The unversioned endpoints of a master: for each path, the action to authorize and the view that
// answers.
import type { MasterViews, Query, Viewer } from '../../master/views.ts';
import type { IoTurn } from '../../runtime/io-turn.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { type Auditor, readAuthorizer } from '../server/auditor.ts';
import type { Realm } from '../server/authentication.ts';
import { methodNotAllowed, notFound } from '../server/error-responses.ts';
import { largeJsonResponse } from '../server/reply.ts';
import { type HttpResponse, redirectTo } from '../server/response.ts';
import { largeJson, type Pieces } from '../server/response-stream.ts';
import type { Endpoint, EndpointRequest } from '../server/router.ts';
import { SharedResponses } from '../server/shared-responses.ts';
import type { MasterOperatorApi } from './operator-api.ts';
import type { SchedulerApi } from './scheduler-api.ts';
import * as forms from './write-endpoints.ts';

export interface MasterEndpointsOptions {
  readonly views: MasterViews;
  readonly authorizer: Authorizer;
  readonly auditor: Auditor | undefined;
  readonly operator: MasterOperatorApi;
  readonly scheduler: SchedulerApi;
  readonly turn: IoTurn;
  readonly noLeader: HttpResponse;
  readonly unavailable: (url: string) => HttpResponse | undefined;
}

const READONLY: Realm = 'mesos-master-readonly';
const READWRITE: Realm = 'mesos-master-readwrite';
const SCHEDULER: Realm = 'mesos-master-scheduler';

type View = (views: MasterViews, viewer: Viewer, query: Query) => unknown;

/** Endpoints that read, with every method. */
const READS: Readonly<Record<string, View>> = {
  '/state': (views, viewer) => views.state(viewer),
  '/state-summary': (views, viewer) => views.stateSummary(viewer),
  '/slaves': (views, viewer, query) => views.slaves(viewer, query),
  '/frameworks': (views, viewer, query) => views.frameworks(viewer, query),
  '/tasks': (views, viewer, query) => views.tasks(viewer, query),
  '/roles': (views, viewer) => views.roles(viewer),
  '/scrape-targets': (views) => views.scrapeTargets(),
};

/** In Mesos the registry is a process of its own, with one endpoint. */
const REGISTRY_PATH = '/registrar(1)/registry';

/** Endpoints that read or write depending on the method: a view, or the form of a call. */
interface Methods {
  readonly path: string;
  readonly realm: Realm;
  readonly read?: View;
  readonly forms?: Readonly<Record<string, forms.Form>>;
}

const METHODS: readonly Methods[] = [
  {
    path: '/weights',
    realm: READWRITE,
    read: (views, viewer) => views.weights(viewer),
    forms: { PUT: forms.updateWeights },
  },
  {
    path: '/quota',
    realm: READWRITE,
    read: (views, viewer) => views.quota(viewer),
    forms: { POST: forms.setQuota, DELETE: forms.removeQuota },
  },
  {
    path: '/maintenance/schedule',
    realm: READWRITE,
    read: (views, viewer) => views.maintenanceSchedule(viewer),
    forms: { POST: forms.updateSchedule },
  },
  {
    path: '/maintenance/status',
    realm: READONLY,
    read: (views, viewer) => views.maintenanceStatus(viewer),
  },
  { path: '/machine/down', realm: READWRITE, forms: { POST: forms.machineDown } },
  { path: '/machine/up', realm: READWRITE, forms: { POST: forms.machineUp } },
  { path: '/reserve', realm: READWRITE, forms: { POST: forms.reserve } },
  { path: '/unreserve', realm: READWRITE, forms: { POST: forms.unreserve } },
  { path: '/create-volumes', realm: READWRITE, forms: { POST: forms.createVolumes } },
  { path: '/destroy-volumes', realm: READWRITE, forms: { POST: forms.destroyVolumes } },
  { path: '/teardown', realm: READWRITE, forms: { POST: forms.teardown } },
];

export class MasterEndpoints {
  readonly #options: MasterEndpointsOptions;
  /**
   * The texts of reads that are being written, or were in this turn: many clients poll the same
   * large state, and may share one text.
   */
  readonly #texts: SharedResponses<string | Promise<Pieces>>;

  constructor(options: MasterEndpointsOptions) {
    this.#options = options;
    this.#texts = new SharedResponses({ soon: (forget) => options.turn.atEnd(forget) });
  }

  /** How many reads got the text of another. */
  get shared(): number {
    return this.#texts.shared;
  }

  endpoints(): Endpoint[] {
    const { operator, scheduler } = this.#options;
    const api: Endpoint[] = [
      {
        path: '/api/v1',
        delegate: true,
        realm: READWRITE,
        handle: (request) => operator.handle(request),
      },
      {
        path: '/api/v1/scheduler',
        delegate: true,
        realm: SCHEDULER,
        handle: (request) => scheduler.handle(request),
      },
      { path: '/redirect', delegate: true, handle: (request) => this.#redirect(request) },
    ];
    for (const [path, view] of Object.entries(READS)) {
      const handle = (request: EndpointRequest) => this.#read(request, path, view);
      api.push({ path, delegate: true, realm: READONLY, handle });
    }
    api.push({
      path: REGISTRY_PATH,
      delegate: false,
      realm: READONLY,
      handle: (request) =>
        this.#read(request, REGISTRY_PATH, (views, viewer) => views.registry(viewer)),
    });
    for (const methods of METHODS) {
      const { path, realm } = methods;
      api.push({
        path,
        realm,
        delegate: true,
        handle: (request) => this.#byMethod(request, methods),
      });
    }
    return api;
  }

  #read(request: EndpointRequest, path: string, view: View): HttpResponse | Promise<HttpResponse> {
    const unavailable = this.#options.unavailable(request.url);
    if (unavailable) {
      return unavailable;
    }
    const { principal, origin, query } = request;
    const { views, authorizer: everybodys, auditor } = this.#options;
    const authorizer = readAuthorizer(everybodys, auditor, path, origin);
    // Parameters that the view does not read make no difference to the text.
    const { jsonp, ...asked } = query;
    const reader = [principal ?? null, auditor && origin];
    const key = JSON.stringify([path, reader, view.length < 3 ? null : asked]);
    const text = this.#texts.get(key, () =>
      largeJson(view(views, { principal, authorizer }, query)),
    );
    return largeJsonResponse(text, jsonp);
  }

  #byMethod(request: EndpointRequest, methods: Methods): HttpResponse | Promise<HttpResponse> {
    const unavailable = this.#options.unavailable(request.url);
    if (unavailable) {
      return unavailable;
    }
    if (methods.read && request.method === 'GET') {
      return this.#read(request, methods.path, methods.read);
    }
    const form = methods.forms?.[request.method];
    if (!form) {
      const allowed = Object.keys(methods.forms ?? {});
      return methodNotAllowed(methods.read ? ['GET', ...allowed] : allowed, request.method);
    }
    const call = form(request.body, request.path);
    return 'status' in call ? call : this.#options.operator.ask(call, request);
  }

  /**
   * The location of the leading master. Further path segments are refused, so that no client is
   * redirected in circles.
   */
  #redirect(request: EndpointRequest): HttpResponse {
    if (request.path !== '/redirect' && request.path !== '/master/redirect') {
      return notFound();
    }
    const { leader } = this.#options.views;
    return leader.kind === 'none' ? this.#options.noLeader : redirectTo(`//${leader.address}`);
  }
}
