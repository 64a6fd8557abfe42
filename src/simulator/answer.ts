/** What an API answers, before any fault touches its delivery. */
export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  /** Sent instead of `body`, one after another, as fast as they are taken: an answer too large to be held. */
  readonly pieces?: Iterable<Buffer>;
  /** Of `pieces` together, told as Content-Length. @default unknown: the end of the answer tells it */
  readonly bodyBytes?: number;
  /** @default application/json */
  readonly contentType?: string;
  /** Besides those that every answer has. Lower-case names. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

export function jsonAnswer(body: string): Answer {
  return { status: 200, body };
}

/** Success without a body: Create and Delete (the SDK models declare none). */
export const EMPTY_ANSWER: Answer = { status: 200, body: '' };

/** The one error shape of SLS: `{"errorCode","errorMessage"}`. The request id travels in x-log-requestid (SLS error-codes page). */
export function slsError(status: number, errorCode: string, errorMessage: string): Answer {
  return { status, body: JSON.stringify({ errorCode, errorMessage }) };
}

export function parameterInvalid(errorMessage: string): Answer {
  return slsError(400, 'ParameterInvalid', errorMessage);
}
