// The authenticated sender of a request. A request has a principal, or none.

export interface Principal {
  /** Absent when the token carries claims but no name. */
  readonly value?: string;
  readonly claims?: Readonly<Record<string, string>>;
}
