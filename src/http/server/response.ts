// What a request is answered with, before it is known which reader its connection has.

/** A complete response. Text bodies are text/plain unless a content type is given. */
export interface HttpResponse {
  readonly status: number;
  /** A long one comes in pieces. */
  readonly body?: string | Uint8Array | readonly Uint8Array[] | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export const OK: HttpResponse = { status: 200 };

export const redirectTo = (location: string): HttpResponse => ({
  status: 307,
  headers: { Location: location },
});
