import type { Answer } from '../answer.ts';
import type { FaultPlan } from '../faults.ts';
import { planFaults } from '../faults.ts';
import type { FaultSchedule } from '../faultSchedule.ts';
import type { Outcome, SimulatedProduct } from '../product.ts';
import type { SimulatedRequest } from '../request.ts';
import type { ErrorPlace } from './errors.ts';
import { expired, ossError, replacedBy } from './errors.ts';
import { OBJECTS_PATH, linkFlaw } from './links.ts';
import { readRange } from './readRange.ts';
import type { StoredObject } from './storedObject.ts';
import { changedObject, shortObject } from './storedObject.ts';

export interface ObjectStoreWorld {
  readonly seed: number;
  /** By decoded path. @returns null when there is none */
  readonly find: (path: string, nowMs: number) => StoredObject | null;
}

/**
 * The object store that files of download jobs are read from, by pre-signed links alone. That an object does not exist is told
 * before the signature is judged: jobs without a file have links that are not signed, since a list of 100,000 must be cheap.
 */
export function createObjectStore(
  world: ObjectStoreWorld,
  faults: FaultSchedule,
): SimulatedProduct {
  const noFaults = planFaults({}, 0, 0);
  return {
    requestIdHeader: 'x-oss-request-id',
    claims: ({ method, path }) =>
      (method === 'GET' || method === 'HEAD') && path.startsWith(OBJECTS_PATH),
    answer: (request, at): Outcome => {
      const api = request.method === 'GET' ? 'GetObject' : 'HeadObject';
      const place = { requestId: at.requestId, host: request.headers['host'] ?? '' };
      const refuse = (answer: Answer): Outcome => ({ api, answer, faults: null });

      const flaw = linkFlaw(request, { seed: world.seed, nowMs: at.nowMs });
      if (flaw === 'expired') return refuse(expired(place));
      const object = world.find(request.path, at.nowMs);
      if (object === null) return refuse(noSuchKey(place));
      if (flaw !== null)
        return refuse(flaw === 'signature' ? wrongSignature(place) : denied(place));

      const plan = faults.planFor(api);
      const answer = replacedBy(plan ?? noFaults, place) ?? given(object, request, plan, place);
      return { api, answer: request.method === 'HEAD' ? bodiless(answer) : answer, faults: plan };
    },
  };
}

function given(
  object: StoredObject,
  { headers }: Pick<SimulatedRequest, 'headers'>,
  plan: FaultPlan | null,
  place: ErrorPlace,
): Answer {
  let shown = plan?.plain.has('changedFile') === true ? changedObject(object) : object;
  if (plan?.plain.has('shortFile') === true) shown = shortObject(shown);
  const { bytes, etag, modifiedAtMs } = shown;
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !isAmong(ifMatch, etag)) {
    const message = 'At least one of the preconditions you specified did not hold.';
    return ossError({ status: 412, code: 'PreconditionFailed', message }, place);
  }
  const takesRanges = plan?.plain.has('noRange') !== true;
  const modified = new Date(modifiedAtMs).toUTCString();
  const ifRange = headers['if-range'];
  const isSame = ifRange === undefined || ifRange === etag || ifRange === modified;
  const asked = readRange(takesRanges && isSame ? headers['range'] : undefined, bytes);
  if (asked.kind === 'outside') {
    const message = 'The requested range cannot be satisfied.';
    const answer = ossError({ status: 416, code: 'InvalidRange', message }, place);
    return { ...answer, headers: { 'content-range': `bytes */${bytes}` } };
  }
  const { start, end } = asked.kind === 'part' ? asked : { start: 0, end: bytes };
  return {
    status: asked.kind === 'part' ? 206 : 200,
    contentType: 'application/octet-stream',
    body: '',
    pieces: shown.pieces(start, end),
    bodyBytes: end - start,
    headers: {
      etag,
      'last-modified': modified,
      ...(takesRanges ? { 'accept-ranges': 'bytes' } : {}),
      ...(asked.kind === 'part' ? { 'content-range': `bytes ${start}-${end - 1}/${bytes}` } : {}),
    },
  };
}

function isAmong(header: string, etag: string): boolean {
  return header.split(',').some((one) => one.trim() === '*' || one.trim() === etag);
}

/** As HEAD has it: the headers of the answer, its length too. */
function bodiless(answer: Answer): Answer {
  const bodyBytes = answer.bodyBytes ?? Buffer.byteLength(answer.body);
  return { ...answer, body: '', pieces: [], bodyBytes };
}

function noSuchKey(place: ErrorPlace): Answer {
  const message = 'The specified key does not exist.';
  return ossError({ status: 404, code: 'NoSuchKey', message }, place);
}

function denied(place: ErrorPlace): Answer {
  const message = 'You have no right to access this object because of bucket acl.';
  return ossError({ status: 403, code: 'AccessDenied', message }, place);
}

function wrongSignature(place: ErrorPlace): Answer {
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  return ossError({ status: 403, code: 'SignatureDoesNotMatch', message }, place);
}
