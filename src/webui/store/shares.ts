// How roles and frameworks stand to each other, from the master's answer to `GET_SHARES`.
import { AMOUNT_NAMES, type Amounts, milliOf } from './sums.ts';

type Scalars = Readonly<Record<string, { readonly value?: number }>>;

interface Time {
  readonly nanoseconds?: number;
}

export interface SharesAnswer {
  readonly roles?: readonly {
    readonly role?: string;
    readonly share?: number;
    readonly resource?: string;
    readonly weighted_share?: number;
  }[];
  readonly frameworks?: readonly {
    readonly framework_id?: { readonly value?: string };
    readonly role?: string;
    readonly share?: number;
    readonly resource?: string;
    readonly suppressed?: boolean;
    readonly allocated?: Scalars;
    readonly offered?: Scalars;
    readonly refusals?: number;
    readonly latest_end?: Time;
  }[];
  readonly more?: number;
}

/** The greatest part of anything that the cluster has. */
export interface Part {
  readonly share: number;
  /** Of what; empty where nothing that counts is held. */
  readonly resource: string;
}

interface RoleShare extends Part {
  readonly weighted: number;
}

/** A framework in one of its roles. */
export interface LeafRow extends Part {
  readonly frameworkId: string;
  readonly role: string;
  readonly isSuppressed: boolean;
  /** To tasks and executors. */
  readonly allocated: Amounts;
  readonly offered: Amounts;
  readonly refusals: number;
  /** When the last refusal ends; 0 where there is none. */
  readonly refusesUntilMs: number;
}

export interface Shares {
  readonly roles: ReadonlyMap<string, RoleShare>;
  /** Frameworks in roles, and how many more there are. */
  readonly leaves: readonly LeafRow[];
  readonly more: number;
  readonly byFramework: ReadonlyMap<string, readonly LeafRow[]>;
}

export function sharesOf({ roles = [], frameworks = [], more = 0 }: SharesAnswer): Shares {
  const leaves = frameworks.map(({ role = '', share = 0, resource = '', ...leaf }) => ({
    ...{ frameworkId: leaf.framework_id?.value ?? '', role, share, resource },
    isSuppressed: leaf.suppressed ?? false,
    allocated: amountsOf(leaf.allocated),
    offered: amountsOf(leaf.offered),
    refusals: leaf.refusals ?? 0,
    refusesUntilMs: (leaf.latest_end?.nanoseconds ?? 0) / 1e6,
  }));
  return {
    roles: new Map(
      roles.map(({ role = '', share = 0, resource = '', weighted_share: weighted = 0 }) => [
        role,
        { share, resource, weighted },
      ]),
    ),
    ...{ leaves, more, byFramework: Map.groupBy(leaves, ({ frameworkId }) => frameworkId) },
  };
}

const amountsOf = (scalars: Scalars = {}): Amounts =>
  AMOUNT_NAMES.map((name) => milliOf(scalars[name]?.value ?? 0)) as Amounts;

/** The greatest share of several. */
export const greatest = (parts: readonly Part[]): Part =>
  parts.reduce((most, part) => (part.share > most.share ? part : most), {
    share: 0,
    resource: '',
  });

/** What a framework refuses in all its roles together. */
export function refusedBy(
  leaves: readonly LeafRow[],
): Pick<LeafRow, 'refusals' | 'refusesUntilMs'> {
  return leaves.reduce(
    (sum, { refusals, refusesUntilMs }) => ({
      refusals: sum.refusals + refusals,
      refusesUntilMs: Math.max(sum.refusesUntilMs, refusesUntilMs),
    }),
    { refusals: 0, refusesUntilMs: 0 },
  );
}
