import type { JsonValue } from '../domain/json.ts';

/** The products LogFerry talks to; also the keys of `accounts.*.endpoints`. */
export type Product = 'sls' | 'oos' | 'actiontrail' | 'codearts_check' | 'iam';

/** One call of a cloud API, before signing: data only, so that sources stay pure. */
export interface ApiRequest {
  readonly product: Product;
  /** The API's name, `ListDownloadJobs`: names the budget and the metric. */
  readonly api: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Not percent-encoded: `/downloadjobs/my job`. Signatures and the URL encode it each in their own way. */
  readonly path: string;
  /** Not percent-encoded. */
  readonly query: Readonly<Record<string, string>>;
  /** SLS only: travels as the first label of the Host header. */
  readonly project?: string;
  /** The API takes so many requests of an account in a second, and no more. @default no limit but its throttling answers */
  readonly perSecondMax?: number;
  /** JSON text, sent as `application/json`. */
  readonly body?: string;
}

export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; integers beyond 2^53 as `bigint`. */
  readonly body: JsonValue;
}

/** A 2xx answer whose body is still coming. */
export interface StreamedAnswer {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** As sent, of any size. Fails with a SourceError where the connection is cut. */
  readonly body: AsyncIterable<Buffer>;
  /**
   * The body as the rows of a JSON array, some at a time, read instead of `body`. Fails with a SourceError: `transient` where
   * it is cut, `drift` where it is no array.
   */
  readonly rows: () => AsyncIterable<readonly JsonValue[]>;
}

/** Signs and sends one request of one account. Retries nothing: the walk and the queue do, where every attempt counts. */
export interface CloudApi {
  /** @throws SourceError for everything but a 2xx answer with a JSON body */
  call(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>;
  /**
   * Hands a 2xx answer to `consume` while it is still coming; what `consume` throws passes through.
   * @throws SourceError for any other answer
   */
  stream<T>(
    request: ApiRequest,
    consume: (answer: StreamedAnswer) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
}
