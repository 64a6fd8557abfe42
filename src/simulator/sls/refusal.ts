import type { Answer } from '../answer.ts';
import { slsError } from '../answer.ts';
import type { Refusal } from '../faults.ts';

/** The answers that SLS and the gateway in front of it give instead of the one that was asked for (SLS error-codes page). */
export function refusalAnswer(refusal: Refusal): Answer {
  switch (refusal) {
    case 'throttle':
      return slsError(403, 'ReadQuotaExceed', 'Read QPS Exceed, please retry later.');
    case 'internalServerError':
      return slsError(500, 'InternalServerError', 'Internal server error, please try again.');
    case 'emptyServerError':
      return { status: 500, body: '' };
    case 'serverBusy':
      return slsError(503, 'ServerBusy', 'The server is busy, please try again later.');
    case 'badGateway':
      return {
        status: 502,
        contentType: 'text/html',
        body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>',
      };
  }
}
