// The response to a request, whichever reader the request came through.

/** A complete response. A text is text/plain unless a content type is given. */
export interface HttpResponse {
  readonly status: number;
  /** A long body is in pieces. */
  readonly body?: string | Uint8Array | readonly Uint8Array[] | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export const OK: HttpResponse = { status: 200 };

export const redirectTo = (location: string): HttpResponse => ({
  status: 307,
  headers: { Location: location },
});
