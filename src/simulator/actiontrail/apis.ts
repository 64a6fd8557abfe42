import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../answer.ts';
import type { OpenApiError } from '../openapi/answers.ts';
import type { OpenApi, OpenApiCall } from '../openapi/openApi.ts';
import { afterPageFaults, rowFaultsOf, toldTotal } from '../pageFaults.ts';
import { deliveryRowText } from './damage.ts';
import type { DeliveryJob } from './deliveryJob.ts';
import { deliveryJobRow, regionStatusesAt } from './deliveryJob.ts';
import type { AskedPage, Trail } from './trail.ts';

const VERSION = '2020-07-06';
const PAGE_SIZE_MAX = 100;
const PAGE_SIZE_DEFAULT = 20;

/** ListDeliveryHistoryJobs (API page, 1 March 2024) and GetDeliveryHistoryJob (its API page). */
export function actionTrailApis(trail: Trail): readonly OpenApi[] {
  const advance: OpenApi['advance'] = (at, faults) => {
    trail.living.advance(at);
    if (faults !== null) trail.living.strike(faults, at);
  };
  const api = (action: string, answer: OpenApi['answer']): OpenApi => {
    return { action, version: VERSION, advance, answer };
  };
  return [
    api('ListDeliveryHistoryJobs', (call) => list(trail, call)),
    api('GetDeliveryHistoryJob', (call) => get(trail, call)),
  ];
}

function list(trail: Trail, call: OpenApiCall): Answer | OpenApiError {
  const { parameters, faults, at } = call;
  const asked = {
    pageNumber: wholeNumber(parameters.get('PageNumber') ?? '1'),
    pageSize: wholeNumber(parameters.get('PageSize') ?? String(PAGE_SIZE_DEFAULT)),
  };
  if (!isPage(asked)) {
    return invalid('PageNumber must be from 1, PageSize from 1 to 100.');
  }
  const before = trail.lastListed;
  trail.lastListed = asked;
  const page = (faults.plain.has('repeatPage') ? before : null) ?? asked;
  const size = Math.min(page.pageSize, faults.pageCapRows);
  const jobs = afterPageFaults(
    faults,
    trail.living.list.page({ offset: (page.pageNumber - 1) * size, size }),
  );
  const chosen = Math.floor(faults.draw * jobs.length);
  const rows = jobs.map((job, index) => rowText(trail, call, { job, isChosen: index === chosen }));
  const total = toldTotal(faults, trail.living.list.count());
  return jsonAnswer(
    `{${[
      ...(total === null ? [] : [`"TotalCount":${total}`]),
      ...sizeTold(trail, asked, size),
      `"RequestId":${JSON.stringify(at.requestId)}`,
      `"DeliveryHistoryJobs":[${rows.join(',')}]`,
    ].join(',')}}`,
  );
}

function sizeTold(trail: Trail, asked: AskedPage, given: number): readonly string[] {
  if (trail.pageSizeTold === 'absent') return [];
  const size = trail.pageSizeTold === 'asked' ? asked.pageSize : given;
  return [`"PageSize":${size}`, `"PageNumber":${asked.pageNumber}`];
}

function get(trail: Trail, call: OpenApiCall): Answer | OpenApiError {
  const id = call.parameters.get('JobId');
  if (id === undefined || !/^\d{1,19}$/.test(id)) return invalid('JobId must be a number.');
  const job = trail.living.list.find(id);
  if (job === undefined) {
    // What the service answers for a job that is not there is not public; this is a guess after its siblings.
    return { status: 404, code: 'JobNotFound', message: `The job ${id} does not exist.` };
  }
  const text = rowText(trail, call, { job, isChosen: true });
  const regions = JSON.stringify(regionStatusesAt(job, call.at.nowMs));
  return jsonAnswer(
    `{"RequestId":${JSON.stringify(call.at.requestId)},"Status":${regions},${text.slice(1)}`,
  );
}

function rowText(
  trail: Trail,
  { faults, at }: OpenApiCall,
  { job, isChosen }: { readonly job: DeliveryJob; readonly isChosen: boolean },
): string {
  const unitOf = (fault: string): number => trail.living.unitOf(fault, job.name);
  return deliveryRowText(
    { ...deliveryJobRow(job, at.nowMs) },
    rowFaultsOf(faults, { unitOf, isChosen }),
  );
}

function isPage(asked: {
  readonly pageNumber: number | null;
  readonly pageSize: number | null;
}): asked is AskedPage {
  const { pageNumber, pageSize } = asked;
  if (pageNumber === null || pageNumber < 1) return false;
  return pageSize !== null && pageSize >= 1 && pageSize <= PAGE_SIZE_MAX;
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function invalid(message: string): OpenApiError {
  return { status: 400, code: 'InvalidParameter', message };
}
