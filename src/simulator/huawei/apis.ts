import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../answer.ts';
import type { SimulatedRequest } from '../request.ts';
import { serviceError, WRONG_REQUEST } from './answers.ts';
import type { Checks, SimulatedJob, SimulatedTask } from './checks.ts';

/** An API of the simulated CodeArts Check. */
export interface CheckApi {
  /** `DownloadLog` */
  readonly name: string;
  /** Matches the decoded path; its first group, if any, is the id in it. */
  readonly path: RegExp;
  readonly answer: (checks: Checks, request: SimulatedRequest, id: string) => Answer;
}

/** API page DownloadLog; ShowTaskListByProjectId and getJobsInfo as far as their pages go. */
export const CHECK_APIS: readonly CheckApi[] = [
  { name: 'DownloadLog', path: /^\/v1\/log-file$/, answer: downloadLog },
  { name: 'ShowTaskListByProjectId', path: /^\/v2\/([^/]+)\/tasks$/, answer: listTasks },
  { name: 'getJobsInfo', path: /^\/v4\/tasks\/([^/]+)\/jobs$/, answer: listJobs },
];

function downloadLog(checks: Checks, { query }: SimulatedRequest): Answer {
  const id = query.get('sub_job_id') ?? '';
  if (!/^[0-9a-zA-Z]{32}$/.test(id)) return WRONG_REQUEST;
  const archive = checks.archive(id);
  if (archive === null) return WRONG_REQUEST;
  return {
    status: 200,
    body: archive,
    contentType: 'application/octet-stream',
    headers: { 'content-disposition': `attachment; filename="log_${id}.zip"` },
  };
}

/** `offset` is a page number: 0 and 1 are the first page (page ShowTaskListByProjectIdV2). */
function listTasks(checks: Checks, { query }: SimulatedRequest, projectId: string): Answer {
  const page = wholeNumber(query.get('offset') ?? '0');
  const limit = wholeNumber(query.get('limit') ?? '10');
  if (page === null || limit === null || limit < 1 || limit > 100) return WRONG_REQUEST;
  const all = checks.tasksOf(projectId);
  const from = Math.max(0, page - 1) * limit;
  const tasks = all.slice(from, from + limit).map((task) => ({
    ...{ task_id: task.id, task_name: task.name, git_branch: 'main' },
    last_check_time: lastCheckOf(task),
  }));
  return jsonAnswer(JSON.stringify({ tasks, total: all.length }));
}

function lastCheckOf({ jobs }: SimulatedTask): string | null {
  const lastMs = Math.max(...jobs.map(({ startedAtMs }) => startedAtMs));
  return jobs.length === 0 ? null : new Date(lastMs).toISOString().replace(/\.\d+/, '');
}

function listJobs(checks: Checks, { query }: SimulatedRequest, taskId: string): Answer {
  const task = checks.task(taskId);
  if (task === null) return serviceError(404, 'CC.00070404.404', 'The task does not exist.');
  const page = wholeNumber(query.get('page') ?? '1');
  const size = wholeNumber(query.get('page_size') ?? '200');
  if (page === null || page < 1 || size === null || size < 1 || size > 200) return WRONG_REQUEST;
  const wanted = query.get('statuses')?.split(',') ?? null;
  const jobs = task.jobs.filter(({ status }) => wanted === null || wanted.includes(status));
  const shown = jobs.slice((page - 1) * size, page * size).map((job) => shownJob(checks, job));
  return jsonAnswer(
    JSON.stringify({ result: { jobs: shown, total: jobs.length }, status: 'success' }),
  );
}

/** The real body is unknown: the ids stand in one of several places. */
function shownJob({ subJobsShown }: Checks, job: SimulatedJob): object {
  const common = {
    ...{ job_id: job.id, status: job.status },
    start_time: new Date(job.startedAtMs).toISOString().replace(/\.\d+/, ''),
  };
  switch (subJobsShown) {
    case 'ids':
      return { ...common, sub_job_ids: job.subJobIds };
    case 'objects':
      return { ...common, subJobs: job.subJobIds.map((id) => ({ id, language: 'JAVA' })) };
    case 'text':
      return { ...common, sub_job_id: job.subJobIds.join(',') };
    case 'nowhere':
      return common;
  }
}

function wholeNumber(text: string): number | null {
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
}
