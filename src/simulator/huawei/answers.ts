import type { Answer } from '../answer.ts';
import type { Refusal } from '../faults.ts';

/** CodeArts Check: `{error_code, error_msg}` (API page DownloadLog). */
export function serviceError(status: number, code: string, message: string): Answer {
  return { status, body: JSON.stringify({ error_code: code, error_msg: message }) };
}

/** The API gateway in front of it: the same, and `request_id`. */
export function gatewayError(
  status: number,
  error: { readonly code: string; readonly message: string; readonly requestId: string },
): Answer {
  const { code, message, requestId } = error;
  const body = JSON.stringify({ error_msg: message, error_code: code, request_id: requestId });
  return { status, body };
}

/** IAM, as Keystone has it. */
export function keystoneError(status: number, title: string, message: string): Answer {
  return { status, body: JSON.stringify({ error: { message, code: status, title } }) };
}

/** The official sample's text for a request that is wrong. */
export const WRONG_REQUEST: Answer = serviceError(
  400,
  'CC.00070400.400',
  'Verify request parameter failed. Check whether the request parameters are correct.',
);

export const BUSY: Answer = serviceError(
  400,
  'CC.00000000',
  'The network is busy. Please try again later.',
);

export const EXPIRED: Answer = serviceError(
  401,
  'CC.00000003',
  'Authentication information expired.',
);

/** What service and gateway answer instead of what was asked for. `window`: of the throttling policy, `1 minute`. */
export function refusalAnswer(
  refusal: Refusal,
  told: { readonly window: string; readonly requestId: string },
): Answer {
  const { window, requestId } = told;
  switch (refusal) {
    case 'throttle': {
      const message = `The throttling threshold has been reached: policy user over ratelimit,limit:10,time:${window}`;
      return gatewayError(429, { code: 'APIGW.0308', message, requestId });
    }
    case 'internalServerError':
      return serviceError(500, 'CC.00070500.500', 'Internal error.');
    case 'emptyServerError':
      return { status: 500, body: '' };
    case 'serverBusy':
      return gatewayError(504, { code: 'APIGW.0201', message: 'Backend timeout.', requestId });
    case 'badGateway':
      return gatewayError(502, { code: 'APIGW.0201', message: 'Backend unavailable.', requestId });
  }
}
