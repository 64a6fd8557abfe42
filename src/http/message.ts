/** One request, as it goes on the wire. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Where to connect: `https://host:port`, nothing after it. */
  readonly origin: string;
  /** Percent-encoded, with the query: `/downloadjobs?offset=0`. */
  readonly path: string;
  /** Lower-case names. `host` may differ from the origin: then the connection goes to the origin all the same. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; values decoded as UTF-8, repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Unpacked when the server packed it with gzip; other codings are left as they came. */
  readonly body: Buffer;
}

/** An answer whose body has not been read yet. */
export interface StreamedResponse extends Omit<HttpResponse, 'body'> {
  /** As sent, not unpacked. Read once; leaving it early cuts the connection. Fails with an HttpError where it is cut. */
  readonly body: AsyncIterable<Buffer>;
}
