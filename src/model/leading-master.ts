// Which master leads.

/** A leading master, as agents and other masters know it. */
export interface LeadingMaster {
  /** `master@10.0.0.1:5050` */
  readonly pid: string;
  /** The leader's host name; undefined where the source of the address has none. */
  readonly hostname?: string | undefined;
}

/** Which master leads, as far as one master knows; addresses are `10.0.0.1:5050`. */
export type Leader =
  | { readonly kind: 'self'; readonly address: string }
  | { readonly kind: 'other'; readonly address: string }
  | { readonly kind: 'none' };
