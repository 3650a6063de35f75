// The lines of a recorded history.

export interface TraceOptions {
  readonly intervalMs: number;
  readonly minAllocatable?: readonly string[];
  readonly fairnessExclude?: readonly string[];
  readonly filterGpu?: boolean;
  readonly region?: string;
  readonly zone?: string;
  /** Recorded histories have no seed: nothing in them is random. */
  readonly shuffleSeed?: number;
  readonly roleSorter?: 'random';
  readonly frameworkSorter?: 'random';
}

export interface TraceHeader {
  readonly format: 'mesos-golden-1';
  readonly family: string;
  readonly seed: number;
  readonly shrinkOrderMatters?: true;
  readonly options: TraceOptions;
}

export type TraceAttribute =
  | readonly [string, 'text', string]
  | readonly [string, 'scalar', number]
  | readonly [string, 'ranges', readonly (readonly [number, number])[]];

export type TraceConstraint =
  | readonly [selector: string, predicate: string]
  | readonly [selector: string, predicate: string, text: string];

export interface TraceQuota {
  readonly guarantees: string;
  readonly limits: string;
}

interface AgentChange {
  readonly id: string;
  readonly res?: string;
  readonly host?: string;
  readonly attrs?: readonly TraceAttribute[];
  readonly caps?: readonly string[];
  readonly region?: string;
  readonly zone?: string;
}

interface Unavailable {
  readonly startMs: number;
  readonly durMs?: number;
}

interface Terms {
  readonly id: string;
  readonly roles: readonly string[];
  readonly caps?: readonly string[];
  readonly suppressed?: readonly string[];
  readonly minAllocatable?: Readonly<Record<string, readonly string[]>>;
  readonly constraints?: Readonly<Record<string, readonly (readonly TraceConstraint[])[]>>;
}

export interface TraceOperation {
  readonly op: string;
  readonly res: string;
}

export type TraceEvent =
  | ({
      readonly ev: 'addAgent';
      readonly res: string;
      readonly used?: Readonly<Record<string, Readonly<Record<string, string>>>>;
      readonly unavail?: Unavailable;
    } & AgentChange)
  | ({ readonly ev: 'updateAgent' } & AgentChange)
  | {
      readonly ev:
        | 'removeAgent'
        | 'activateAgent'
        | 'deactivateAgent'
        | 'removeFramework'
        | 'activateFramework'
        | 'deactivateFramework';
      readonly id: string;
    }
  | ({ readonly ev: 'addFramework'; readonly active?: boolean } & Terms)
  | ({ readonly ev: 'updateFramework' } & Terms)
  | ({ readonly ev: 'updateQuota'; readonly role: string } & TraceQuota)
  | { readonly ev: 'updateWeights'; readonly weights: Readonly<Record<string, number>> }
  | { readonly ev: 'suppress' | 'revive'; readonly id: string; readonly roles: readonly string[] }
  | { readonly ev: 'decline'; readonly offers: readonly number[]; readonly refuse?: number }
  | {
      readonly ev: 'accept';
      readonly offer: number;
      readonly ops?: readonly TraceOperation[];
      readonly launch?: readonly string[];
      readonly refuse?: number;
    }
  | {
      readonly ev: 'recover';
      readonly f: string;
      readonly a: string;
      readonly role: string;
      readonly res: string;
    }
  | ({ readonly ev: 'updateUnavailability'; readonly id: string } & Partial<Unavailable>)
  | {
      readonly ev: 'acceptInverse' | 'declineInverse';
      readonly inverseOffers: readonly number[];
      readonly refuse?: number;
    }
  | { readonly ev: 'updateWhitelist'; readonly hosts: readonly string[] | null }
  | ({ readonly ev: 'updateAvailable'; readonly id: string } & TraceOperation)
  | { readonly ev: 'addResourceProvider'; readonly id: string; readonly res: string }
  | {
      readonly ev: 'recoverAllocator';
      readonly expectedAgents: number;
      readonly quotas: Readonly<Record<string, TraceQuota>>;
    }
  | { readonly ev: 'advance'; readonly ms: number };

export type TraceEventOf<Name extends TraceEvent['ev']> = Extract<
  TraceEvent,
  { readonly ev: Name }
>;

export type TracedOffer = [
  id: number,
  framework: string,
  role: string,
  agent: string,
  resources: string,
];
export type TracedInverseOffer = [id: number, framework: string, agent: string];

export interface TracedRun {
  readonly t: number;
  readonly offers?: TracedOffer[];
  readonly inverseOffers?: TracedInverseOffer[];
}

export interface TraceResult {
  readonly t: number;
  readonly runs: number;
  readonly rescinded?: number[];
  readonly rescindedInverse?: number[];
  readonly lost?: number[];
  readonly lostInverse?: number[];
  readonly usedPassed?: [agent: string, role: string, resources: string][];
  readonly total?: string;
  readonly converted?: string;
  readonly declined?: string;
  readonly droppedOps?: number[];
  readonly ok?: boolean;
  readonly error?: string;
  readonly out?: TracedRun[];
}

export type TraceLine = TraceEvent & { readonly result: TraceResult };

export interface Trace {
  readonly header: TraceHeader;
  readonly lines: readonly TraceLine[];
}

export function parseTrace(text: string): Trace {
  const [header, ...lines] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  if (header?.format !== 'mesos-golden-1') {
    throw new Error('not a history of format mesos-golden-1');
  }
  return { header, lines };
}

export function formatTrace({ header, lines }: Trace): string {
  return [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
}
