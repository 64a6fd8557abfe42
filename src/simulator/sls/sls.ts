import type { Answer } from '../answer.ts';
import { slsError } from '../answer.ts';
import type { FaultSchedule } from '../faultSchedule.ts';
import { planFaults } from '../faults.ts';
import { linkStamp } from '../oss/links.ts';
import type { Outcome, SimulatedProduct } from '../product.ts';
import type { SimulatedRequest } from '../request.ts';
import { projectOf } from '../request.ts';
import type { SimulatedAccount } from '../signature/account.ts';
import { refuseSls } from '../signature/slsAuthentication.ts';
import type { SlsApi } from './call.ts';
import { createDownloadJob } from './createDownloadJob.ts';
import { deleteDownloadJob } from './deleteDownloadJob.ts';
import { getDownloadJob } from './getDownloadJob.ts';
import { getProjectLogs } from './getProjectLogs.ts';
import { listDownloadJobs } from './listDownloadJobs.ts';
import type { Project } from './project.ts';
import { refusalAnswer } from './refusal.ts';

const APIS: readonly SlsApi[] = [
  listDownloadJobs,
  getDownloadJob,
  createDownloadJob,
  deleteDownloadJob,
  getProjectLogs,
];

export interface SlsWorld {
  readonly accounts: readonly SimulatedAccount[];
  readonly region: string;
  readonly projects: ReadonlyMap<string, Project>;
}

/** Simple Log Service: the product that is told by its Host header, so it claims whatever no other product does. */
export function createSls(world: SlsWorld, faults: FaultSchedule): SimulatedProduct {
  const noFaults = planFaults({}, 0, 0);

  return {
    claims: () => true,
    requestIdHeader: 'x-log-requestid',
    answer: (request, at): Outcome => {
      const route = routeOf(request);
      const api = route?.api.name ?? 'none';
      const refuse = (answer: Answer): Outcome => ({ api, answer, faults: null });

      const refusal = refuseSls(request, { ...world, nowMs: at.nowMs });
      if (refusal !== null) return refuse(refusal);
      const projectName = projectOf(request.headers['host']);
      if (projectName === null) {
        return refuse(slsError(400, 'InvalidHost', 'The host names no project.'));
      }
      const project = world.projects.get(projectName);
      if (project === undefined) {
        const message = `The Project does not exist : ${projectName}`;
        return refuse(slsError(404, 'ProjectNotExist', message));
      }
      if (route === null) {
        // The code for a path that no API has is a guess.
        return refuse(slsError(404, 'PathInvalid', `no API at ${request.method} ${request.path}`));
      }

      project.living.advance(at);
      const plan = faults.planFor(api);
      if (plan !== null) project.living.strike(plan, at);
      if (plan?.refusal != null) return { api, answer: refusalAnswer(plan.refusal), faults: plan };
      const links = linkStamp(project.place, at.request, at.nowMs);
      const { resource } = route;
      const call = { request, project, resource, at, links, faults: plan ?? noFaults };
      return { api, answer: route.api.answer(call), faults: plan };
    },
  };
}

function routeOf(
  request: SimulatedRequest,
): { readonly api: SlsApi; readonly resource: string } | null {
  for (const api of APIS) {
    const match = api.method === request.method ? api.path.exec(request.path) : null;
    if (match !== null) return { api, resource: match[1] ?? '' };
  }
  return null;
}
