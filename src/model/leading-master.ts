// Which master leads.

/** A master as those who follow it know it. */
export interface LeadingMaster {
  /** `master@10.0.0.1:5050` */
  readonly pid: string;
  /** Where whatever names the leader knows its host name. */
  readonly hostname?: string | undefined;
}

/** Which master leads, as far as one master knows; addresses are `10.0.0.1:5050`. */
export type Leader =
  | { readonly kind: 'self'; readonly address: string }
  | { readonly kind: 'other'; readonly address: string }
  | { readonly kind: 'none' };
