import type { Answer } from '../answer.ts';
import type { FaultSchedule } from '../faultSchedule.ts';
import type { FaultPlan } from '../faults.ts';
import { planFaults } from '../faults.ts';
import type { Moment } from '../jobList.ts';
import type { Arrival, Outcome, SimulatedProduct } from '../product.ts';
import type { SimulatedRequest } from '../request.ts';
import type { SimulatedAccount } from '../signature/account.ts';
import { createOpenApiGuard } from '../signature/openApiAuthentication.ts';
import { errorAnswer, refusalOf, type OpenApiError } from './answers.ts';

/** A request that was believed and routed: everything an API needs to answer it. */
export interface OpenApiCall {
  /** From the query or a form body, without the ones that every request has. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly at: Arrival;
  readonly faults: FaultPlan;
}

/** One API of an OpenAPI product (OOS, ActionTrail): told apart by action and version, answered on `/`. */
export interface OpenApi {
  /** `ListDeliveryHistoryJobs` */
  readonly action: string;
  /** `2020-07-06` */
  readonly version: string;
  /** Lets happen what is due, and what the faults do to the world, before the request is answered. */
  readonly advance: (at: Moment, faults: FaultPlan | null) => void;
  readonly answer: (call: OpenApiCall) => Answer | OpenApiError;
}

/** All products that are signed with ACS3, told from SLS by their action: each API brings its own world. */
export function createOpenApi(
  world: { readonly accounts: readonly SimulatedAccount[]; readonly apis: readonly OpenApi[] },
  faults: FaultSchedule,
): SimulatedProduct {
  const noFaults = planFaults({}, 0, 0);
  const guard = createOpenApiGuard(world.accounts);

  return {
    requestIdHeader: 'x-acs-request-id',
    claims: (request) => request.path === '/' && actionOf(request) !== '',
    answer: (request, at): Outcome => {
      const told = { requestId: at.requestId, host: request.headers['host'] ?? '' };
      const whole = (answer: Answer | OpenApiError): Answer =>
        'code' in answer ? errorAnswer(answer, told) : answer;
      const action = actionOf(request);
      const named = world.apis.filter((api) => api.action === action);
      const version = request.headers['x-acs-version'] ?? parametersOf(request).get('Version');
      const api = named.find((known) => known.version === version);
      const name = api?.action ?? 'none';
      const refuse = (error: OpenApiError): Outcome => ({
        api: name,
        answer: whole(error),
        faults: null,
      });

      const refusal = guard.refuse(request, at.nowMs);
      if (refusal !== null) return refuse(refusal);
      if (api === undefined) return refuse(named.length === 0 ? noAction(action) : noVersion);
      if (request.method !== 'GET' && request.method !== 'POST') return refuse(noMethod);

      const plan = faults.planFor(api.action);
      api.advance(at, plan);
      const answer =
        plan?.refusal == null
          ? api.answer({ parameters: parametersOf(request), at, faults: plan ?? noFaults })
          : refusalOf(plan.refusal, plan.draw);
      return { api: name, answer: whole(answer), faults: plan };
    },
  };
}

function noAction(action: string): OpenApiError {
  return {
    status: 404,
    code: 'InvalidAction.NotFound',
    message: `Specified api is not found, please check your url and method: ${action}`,
  };
}

const noVersion: OpenApiError = {
  status: 400,
  code: 'InvalidVersion',
  message: 'Specified parameter Version is not valid.',
};

const noMethod: OpenApiError = {
  status: 405,
  code: 'UnsupportedHTTPMethod',
  message: 'This http method is not supported.',
};

function actionOf(request: SimulatedRequest): string {
  return request.headers['x-acs-action'] ?? parametersOf(request).get('Action') ?? '';
}

/** Query and form body; the body wins. */
function parametersOf(request: SimulatedRequest): ReadonlyMap<string, string> {
  const isForm = (request.headers['content-type'] ?? '').startsWith(
    'application/x-www-form-urlencoded',
  );
  if (!isForm) return request.query;
  return new Map([...request.query, ...new URLSearchParams(request.body.toString('utf8'))]);
}
