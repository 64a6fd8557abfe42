import type { Answer } from '../answer.ts';
import type { FaultPlan } from '../faults.ts';

/** What an error names besides its code: where it came from. */
export interface ErrorPlace {
  readonly requestId: string;
  readonly host: string;
}

/** Source: OSS, page on error responses: XML with these four elements. */
export function ossError(
  refused: { readonly status: number; readonly code: string; readonly message: string },
  { requestId, host }: ErrorPlace,
): Answer {
  const elements = [
    ['Code', refused.code],
    ['Message', refused.message],
    ['RequestId', requestId],
    ['HostId', host],
  ] as const;
  const inner = elements.map(([name, text]) => `<${name}>${escaped(text)}</${name}>`).join('');
  return {
    status: refused.status,
    contentType: 'application/xml',
    body: `<?xml version="1.0" encoding="UTF-8"?><Error>${inner}</Error>`,
  };
}

/** The answers that the store and the gateway in front of it give instead of the object. @returns null: the object is given */
export function replacedBy({ refusal, plain, draw }: FaultPlan, place: ErrorPlace): Answer | null {
  switch (refusal) {
    case 'throttle': {
      const message = 'Please reduce your request rate.';
      const answer = ossError({ status: 503, code: 'SlowDown', message }, place);
      return draw < 0.5 ? { ...answer, headers: { 'retry-after': '1' } } : answer;
    }
    case 'internalServerError': {
      const message = 'We encountered an internal error, please try again.';
      return ossError({ status: 500, code: 'InternalError', message }, place);
    }
    case 'serverBusy': {
      const message = 'The service is temporarily unavailable.';
      return ossError({ status: 503, code: 'ServiceUnavailable', message }, place);
    }
    case 'emptyServerError':
      return { status: 500, body: '' };
    case 'badGateway':
      return { status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' };
    case null:
      break;
  }
  if (plain.has('linkExpired')) return expired(place);
  if (plain.has('redirect')) return { status: 302, body: '', headers: { location: ELSEWHERE } };
  return null;
}

/** Nothing of the client may ever be sent there. */
const ELSEWHERE = 'http://127.0.0.2:9/elsewhere';

/** Source: OSS, page on signed URLs: the message of a link whose time is over. */
export function expired(place: ErrorPlace): Answer {
  return ossError({ status: 403, code: 'AccessDenied', message: 'Request has expired.' }, place);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
