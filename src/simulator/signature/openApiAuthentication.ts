import type { OpenApiError } from '../openapi/answers.ts';
import type { SimulatedRequest } from '../request.ts';
import { SKEW_MAX_MS, type SimulatedAccount } from './account.ts';
import { readAcs3 } from './acs3.ts';

/** Believes requests of the OpenAPI products, and remembers what it has believed: a nonce opens the door once. */
export interface OpenApiGuard {
  /** @returns null when the sender is who it claims to be, else the refusal */
  readonly refuse: (request: SimulatedRequest, nowMs: number) => OpenApiError | null;
}

/** Codes: those of the API pages where they have them, those of sibling products otherwise. */
export function createOpenApiGuard(accounts: readonly SimulatedAccount[]): OpenApiGuard {
  /** Nonces of believed requests, with the time until which a request of theirs would still be in time. */
  const used = new Map<string, number>();

  return {
    refuse: (request, nowMs) => {
      const claim = readAcs3(request);
      if (claim === null) {
        return error(400, 'IncompleteSignature', 'The request carries no ACS3 signature.');
      }
      if (claim.signedAtMs === null) {
        return error(
          400,
          'IllegalTimestamp',
          'x-acs-date is absent or not like 2026-11-22T00:00:00Z',
        );
      }
      if (Math.abs(nowMs - claim.signedAtMs) > SKEW_MAX_MS) {
        return error(400, 'InvalidTimeStamp.Expired', 'The time of the request is 15 minutes off.');
      }
      const account = accounts.find((known) => known.accessKeyId === claim.accessKeyId);
      if (account === undefined) {
        return error(404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.');
      }
      if (nowMs >= (account.expiresAtMs ?? Infinity)) {
        return error(400, 'InvalidSecurityToken.Expired', 'The security token has expired.');
      }
      if (
        claim.nonce === '' ||
        !claim.expected(account.accessKeySecret).includes(claim.signature)
      ) {
        // Quotes what it was sent on purpose, as the service does: clients must not log it.
        const message = `The request signature does not conform to Aliyun standards. sent: ${claim.signature}`;
        return error(403, 'SignatureDoesNotMatch', message);
      }
      const token = request.headers['x-acs-security-token'];
      if (token !== account.securityToken) {
        return token === undefined
          ? error(400, 'MissingSecurityToken', 'SecurityToken is mandatory for this action.')
          : error(
              403,
              'InvalidSecurityToken.MismatchWithAccessKey',
              'The token is of another key.',
            );
      }
      // In order of arrival, which is nearly that of expiry.
      for (const [nonce, untilMs] of used) {
        if (untilMs >= nowMs) break;
        used.delete(nonce);
      }
      if (used.has(claim.nonce)) {
        return error(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.');
      }
      used.set(claim.nonce, claim.signedAtMs + SKEW_MAX_MS);
      return null;
    },
  };
}

function error(status: number, code: string, message: string): OpenApiError {
  return { status, code, message };
}
