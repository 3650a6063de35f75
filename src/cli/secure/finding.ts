/** What is open, and what closes it. */
export interface Finding {
  /** A file, or the address of a master or agent. */
  readonly place: string;
  readonly what: string;
  readonly remedy: string;
  /** It lets nobody in. */
  readonly isAdvice?: true;
}
