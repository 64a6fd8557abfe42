import type { Answer } from '../answer.ts';
import { parameterInvalid } from '../answer.ts';
import { afterPageFaults, rowFaultsOf, toldTotal } from '../pageFaults.ts';
import type { SlsApi, SlsCall } from './call.ts';
import { damagedRowText } from './damage.ts';
import type { DownloadJob } from './downloadJob.ts';
import type { ListedRange } from './project.ts';
import { renderRow, renderRowBytes } from './render.ts';

/** As the sibling lists have it of SLS; the default of this API is unknown. */
const DEFAULT_SIZE = 10;
const COMMA = Buffer.from(',');

/** GET /downloadjobs?offset&size&logstore. Source: API page sls-list-download-jobs. */
export const listDownloadJobs: SlsApi = {
  name: 'ListDownloadJobs',
  method: 'GET',
  path: /^\/downloadjobs$/,
  answer: (call) => {
    const { query } = call.request;
    const offset = wholeNumber(query.get('offset') ?? '0');
    const size = wholeNumber(query.get('size') ?? String(DEFAULT_SIZE));
    if (offset === null) return parameterInvalid('offset must be a whole number from 0');
    if (size === null || size === 0) return parameterInvalid('size must be a whole number from 1');
    return page(call, { offset, size, logstore: query.get('logstore') });
  },
};

function page(call: SlsCall, asked: ListedRange): Answer {
  const { project, faults } = call;
  const before = project.lastListed;
  project.lastListed = asked;
  const range = (faults.plain.has('repeatPage') ? before : null) ?? asked;
  const size = Math.min(range.size, project.pageSizeMax, faults.pageCapRows);
  const { list } = project.living;
  const only = onlyOf(range.logstore);
  const jobs = afterPageFaults(faults, list.page({ offset: range.offset, size, only }));
  const chosen = Math.floor(faults.draw * jobs.length);
  const told = toldTotal(faults, list.count(only));
  const total = told === null ? '' : `"total":${told},`;
  const pieces: Buffer[] = [Buffer.from(`{${total}"count":${jobs.length},"results":[`)];
  jobs.forEach((job, index) => {
    if (index > 0) pieces.push(COMMA);
    pieces.push(...rowBytes(call, job, index === chosen));
  });
  pieces.push(Buffer.from(']}'));
  return { status: 200, body: Buffer.concat(pieces) };
}

function onlyOf(logstore: string | undefined): ((job: DownloadJob) => boolean) | undefined {
  return logstore === undefined ? undefined : (job) => job.logstore === logstore;
}

function rowBytes(call: SlsCall, job: DownloadJob, isChosen: boolean): readonly Buffer[] {
  const { nowMs } = call.at;
  const unitOf = (fault: string): number => call.project.living.unitOf(fault, job.name);
  const faults = rowFaultsOf(call.faults, { unitOf, isChosen });
  return faults.length === 0
    ? renderRowBytes(job, nowMs, call.links)
    : [Buffer.from(damagedRowText(renderRow(job, nowMs, call.links), faults, job.name))];
}

/** Digits only: what the service makes of signs, blanks or exponents is unknown. @returns null for anything else */
function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}
