import type { Answer } from '../answer.ts';
import type { FaultPlan } from '../faults.ts';
import type { FaultSchedule } from '../faultSchedule.ts';
import type { Arrival, Outcome, SimulatedProduct } from '../product.ts';
import type { SimulatedRequest } from '../request.ts';
import { BUSY, EXPIRED, refusalAnswer } from './answers.ts';
import { CHECK_APIS } from './apis.ts';
import type { CheckOptions, CheckTruth } from './checks.ts';
import { Checks } from './checks.ts';
import type { DoorOptions, SimulatedUser } from './door.ts';
import { Door } from './door.ts';

export interface HuaweiOptions extends CheckOptions {
  /** Who may ask IAM for tokens. @default none */
  readonly users?: readonly SimulatedUser[];
  /** @default 0605767b5780d5762fc5c0118072a564, the API pages' own example */
  readonly projectId?: string;
  /** @default cn-north-4 */
  readonly region?: string;
  /** @default 2,000 */
  readonly tokenCharacters?: number;
  /** @default 24 hours */
  readonly tokenLifeMs?: number;
  /** Of the throttling policy, as the gateway words it. @default `1 minute` */
  readonly throttleWindow?: string;
}

export interface Huawei extends SimulatedProduct {
  readonly truth: CheckTruth;
}

const DAY_MS = 86_400_000;
const TOKEN_API = 'KeystoneCreateUserTokenByPassword';
const TOKEN_PATH = '/v3/auth/tokens';
/** Nothing of the client may ever be sent there. */
const ELSEWHERE = 'http://127.0.0.2:9/elsewhere';

/** IAM's tokens and CodeArts Check, both behind one host: told by their paths, which no other product has. */
export function createHuawei(
  options: HuaweiOptions,
  cloud: Pick<DoorOptions, 'accounts' | 'seed'>,
  faults: FaultSchedule,
): Huawei {
  const checks = new Checks(options);
  const door = new Door({
    ...cloud,
    users: options.users ?? [],
    projectId: options.projectId ?? '0605767b5780d5762fc5c0118072a564',
    region: options.region ?? 'cn-north-4',
    tokenCharacters: options.tokenCharacters ?? 2_000,
    tokenLifeMs: options.tokenLifeMs ?? DAY_MS,
  });
  const window = options.throttleWindow ?? '1 minute';

  const answer = (request: SimulatedRequest, at: Arrival): Outcome => {
    if (request.path === TOKEN_PATH) {
      const plan = faults.planFor(TOKEN_API);
      const replaced = plan === null ? null : refusedBy(plan, at, window);
      return { api: TOKEN_API, answer: replaced ?? door.issue(request, at), faults: plan };
    }
    const api = CHECK_APIS.find(({ path }) => path.test(request.path));
    const name = api?.name ?? 'none';
    const refusal = door.refuse(request, at);
    if (refusal !== null || api === undefined) {
      return { api: name, answer: refusal ?? BUSY, faults: null };
    }
    const plan = faults.planFor(name);
    const replaced =
      plan === null ? null : (refusedBy(plan, at, window) ?? oddAnswer(plan, door, request));
    const [, id = ''] = api.path.exec(request.path) ?? [];
    return { api: name, answer: replaced ?? api.answer(checks, request, id), faults: plan };
  };

  return {
    requestIdHeader: 'x-request-id',
    claims: ({ path }) => path === TOKEN_PATH || CHECK_APIS.some((api) => api.path.test(path)),
    answer,
    truth: {
      put: (id, archive) => {
        checks.put(id, archive);
      },
      remove: (id) => {
        checks.remove(id);
      },
      putTask: (task) => {
        checks.putTask(task);
      },
      lines: () => checks.lines(),
      voidTokens: () => {
        door.voidTokens();
      },
    },
  };
}

function refusedBy(plan: FaultPlan, { requestId }: Arrival, window: string): Answer | null {
  return plan.refusal === null ? null : refusalAnswer(plan.refusal, { window, requestId });
}

/** Answers that only this cloud has. A token that is called expired is expired from then on. */
function oddAnswer(plan: FaultPlan, door: Door, request: SimulatedRequest): Answer | null {
  if (plan.plain.has('busy')) return BUSY;
  if (plan.plain.has('tokenExpired') && request.headers['x-auth-token'] !== undefined) {
    door.voidTokens();
    return EXPIRED;
  }
  if (plan.plain.has('errorOn200')) return { ...BUSY, status: 200 };
  if (plan.plain.has('redirect'))
    return { status: 302, body: '', headers: { location: ELSEWHERE } };
  return null;
}
