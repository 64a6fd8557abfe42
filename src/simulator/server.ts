import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { actionTrailApis } from './actiontrail/apis.ts';
import type { TrailOptions } from './actiontrail/trail.ts';
import { Trail } from './actiontrail/trail.ts';
import type { Answer } from './answer.ts';
import { parameterInvalid, slsError } from './answer.ts';
import type { Delivery } from './deliver.ts';
import { deliver } from './deliver.ts';
import type { FaultOptions } from './faults.ts';
import { FaultSchedule } from './faultSchedule.ts';
import type { CheckTruth } from './huawei/checks.ts';
import { createHuawei, type HuaweiOptions } from './huawei/huawei.ts';
import { createOpenApi } from './openapi/openApi.ts';
import type { OosOptions } from './oos/executions.ts';
import { Executions } from './oos/executions.ts';
import { oosApis } from './oos/oos.ts';
import type { OosTruth } from './oos/truth.ts';
import { oosTruth } from './oos/truth.ts';
import type { Arrival, Outcome, SimulatedProduct } from './product.ts';
import { createObjectStore } from './oss/objectStore.ts';
import { hash32 } from './random.ts';
import { readRequest } from './request.ts';
import type { RequestCounts } from './requestCounts.ts';
import { RequestCounter } from './requestCounts.ts';
import type { SimulatedAccount } from './signature/account.ts';
import type { Moment } from './jobList.ts';
import { findObject } from './sls/findObject.ts';
import type { Logstore } from './sls/logs.ts';
import type { ProjectOptions } from './sls/project.ts';
import { Project } from './sls/project.ts';
import { createSls } from './sls/sls.ts';
import type { ProjectTruth, TrailTruth } from './truth.ts';
import { projectTruth, trailTruth } from './truth.ts';

/** One answered request, for `logferry simulate` to print. No key, signature or link is in it. */
export interface SimulatorEvent {
  /** Its number since the start, from 1. */
  readonly request: number;
  readonly method: string;
  /** Decoded path without the query. */
  readonly path: string;
  readonly api: string;
  readonly delivery: Delivery;
}

export interface SimulatorOptions {
  /** 0 takes a free port. @default 0 */
  readonly port?: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** Decides everything that is made up: same seed and same requests, same answers (given the same clock). */
  readonly seed: number;
  readonly accounts: readonly SimulatedAccount[];
  /** The region that v4 signatures must name: `cn-hangzhou`. */
  readonly region: string;
  /** By project name: the first label of the Host header. */
  readonly projects: Readonly<Record<string, ProjectOptions>>;
  /** ActionTrail's delivery jobs. @default none */
  readonly trail?: TrailOptions;
  /** Huawei Cloud: IAM and CodeArts Check. @default no user, no sub-job */
  readonly huawei?: HuaweiOptions;
  /** Executions of OOS, and their logs. @default none */
  readonly oos?: OosOptions;
  /** How long the links to files of download jobs are good. Seconds. @default 3600 */
  readonly linkLifetimeS?: number;
  /** @default the machine's clock */
  readonly nowMs?: () => number;
  /** @default none */
  readonly faults?: FaultOptions;
  /** Called once for each request, after its answer left. @default nothing */
  readonly log?: (event: SimulatorEvent) => void;
}

/** A running simulator, and the truth about what it simulates. */
export interface Simulator {
  /** `http://127.0.0.1:PORT`: connect here, and send `{project}.127.0.0.1:PORT` as Host. */
  readonly url: string;
  readonly port: number;
  /** @throws Error when there is no such project */
  readonly project: (name: string) => ProjectTruth;
  /** @throws Error when there is no such project or Logstore */
  readonly logs: (
    project: string,
    logstore: string,
  ) => Pick<Logstore, 'insert' | 'found' | 'setCompleteness'>;
  readonly trail: () => TrailTruth;
  readonly checks: CheckTruth;
  readonly oos: () => OosTruth;
  /** Replaces all faults from the next request on; `{}` turns them off. */
  readonly setFaults: (faults: FaultOptions) => void;
  /** Requests answered so far, by API and by status. */
  readonly requests: () => RequestCounts;
  /** Stops listening and cuts every connection. */
  readonly close: () => Promise<void>;
}

/** A token of IAM has up to 100,000 characters. */
const HEADER_MAX_BYTES = 256 * 1024;
/** Source: SLS error codes, PostBodyTooLarge; 10 MB is the documented limit of a write. */
const BODY_MAX_BYTES = 10 * 1024 * 1024;
const KEEP_ALIVE_MS = 65_000;
const LINK_LIFETIME_S = 3600;

/**
 * Starts a cloud that answers on real HTTP, verifies signatures itself, and shares no code with LogFerry's client.
 * @throws Error with code EADDRINUSE or EACCES when the port cannot be had
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { seed, accounts, region } = options;
  const nowMs = options.nowMs ?? Date.now;
  const stopping = new AbortController();
  const counter = new RequestCounter();
  let arrived = 0;

  // Links name the port, so it must be had first. No request is read before this function gives way.
  const server = createServer({ maxHeaderSize: HEADER_MAX_BYTES, keepAliveTimeout: KEEP_ALIVE_MS });
  const { port, url } = await listen(server, options);
  const place = { origin: url, seed, linkLifetimeS: options.linkLifetimeS ?? LINK_LIFETIME_S };
  const projects = new Map(
    Object.entries(options.projects).map(([name, project]) => [
      name,
      new Project(name, project, { ...place, nowMs: nowMs() }),
    ]),
  );
  const trail = new Trail(options.trail ?? {}, { seed, nowMs: nowMs() });
  const executions = new Executions(options.oos ?? {}, { seed, nowMs: nowMs() });
  const faults = new FaultSchedule(seed, options.faults ?? {});
  const huawei = createHuawei(options.huawei ?? {}, { accounts, seed }, faults);
  // SLS claims whatever is left: it is told by its Host header, which has no form of its own.
  const products: readonly SimulatedProduct[] = [
    createOpenApi({ accounts, apis: [...actionTrailApis(trail), ...oosApis(executions)] }, faults),
    huawei,
    createObjectStore({ seed, find: (path, now) => findObject(projects, path, now) }, faults),
    createSls({ accounts, region, projects }, faults),
  ];

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    arrived += 1;
    const number = arrived;
    const body = await readBody(request);
    const requestId = hash32([seed, 'request', number])
      .toString(16)
      .toUpperCase()
      .padStart(24, '0');
    const at = { nowMs: nowMs(), request: number, requestId };
    const { requestIdHeader, ...outcome } = answerOf(request, body, products, at);
    const { api } = outcome;
    const sent = { ...outcome, requestId, requestIdHeader, nowMs: at.nowMs };
    const delivery = await deliver(response, sent, stopping.signal);
    counter.add(api, delivery);
    const [path = ''] = (request.url ?? '').split('?');
    options.log?.({ request: number, method: request.method ?? '', path, api, delivery });
  };

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A write to a caller that hung up is an 'error' event, and without a listener the end of the process.
    response.on('error', () => response.destroy());
    serve(request, response).catch((error: unknown) => {
      failVisibly(request, response, error);
    });
  });
  const moment = (): Moment => ({ nowMs: nowMs(), request: arrived + 1 });

  return {
    url,
    port,
    project: (name) => {
      const project = projects.get(name);
      if (project === undefined) throw new Error(`the simulator has no project ${name}`);
      return projectTruth(project, moment);
    },
    logs: (name, logstore) => {
      const logs = projects.get(name)?.logs.get(logstore);
      if (logs === undefined) throw new Error(`the simulator has no logs ${name}/${logstore}`);
      return logs;
    },
    trail: () => trailTruth(trail, moment),
    checks: huawei.truth,
    oos: () => oosTruth(executions, moment),
    setFaults: (next) => {
      faults.set(next);
    },
    requests: () => counter.read(),
    close: async () => {
      stopping.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(
  server: Server,
  { port = 0, host = '127.0.0.1' }: Pick<SimulatorOptions, 'port' | 'host'>,
): Promise<Pick<Simulator, 'port' | 'url'>> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, url: `http://${host}:${address.port}` };
}

/** The caller hung up, or the simulator is being stopped: nobody is left to tell. Anything else is a defect, and says so. */
function failVisibly(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (request.destroyed || response.headersSent || isAbort(error)) {
    response.destroy();
    return;
  }
  response.writeHead(500, { 'content-type': 'application/json' });
  response.end(slsError(500, 'SimulatorDefect', String(error)).body);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function answerOf(
  request: IncomingMessage,
  body: Buffer | null,
  products: readonly SimulatedProduct[],
  at: Arrival,
): Outcome & Pick<SimulatedProduct, 'requestIdHeader'> {
  const requestIdHeader = 'x-log-requestid' as const;
  const refuse = (answer: Answer) => ({ api: 'none', answer, faults: null, requestIdHeader });
  if (body === null) return refuse(slsError(413, 'PostBodyTooLarge', 'The body exceeds 10 MB.'));
  const { method = '', url: target = '', headers } = request;
  const read = readRequest({ method, target, headers, body });
  if (read === null) return refuse(parameterInvalid('The request target cannot be decoded.'));
  const product = products.find((candidate) => candidate.claims(read));
  return product === undefined
    ? refuse(slsError(404, 'PathInvalid', 'no product claims this request'))
    : { ...product.answer(read, at), requestIdHeader: product.requestIdHeader };
}

/** @returns null when the body is larger than the service takes; the rest of it is read and dropped */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let bodyBytes = 0;
  for await (const piece of request) {
    if (!Buffer.isBuffer(piece)) throw new TypeError('a request body arrives as bytes');
    bodyBytes += piece.length;
    if (bodyBytes <= BODY_MAX_BYTES) pieces.push(piece);
  }
  return bodyBytes > BODY_MAX_BYTES ? null : Buffer.concat(pieces);
}
