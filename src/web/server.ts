import basicAuth from '@fastify/basic-auth';
import fastify from 'fastify';
import { errorCodeOf } from '../domain/errorCode.ts';
import { isOperator, isOwnRequest, requirePassword } from './access.ts';
import { boardPath, boardPlugin } from './board.ts';
import { checkHealth } from './health.ts';
import { createMetrics } from './metrics.ts';
import { statusPage } from './statusPage.ts';
import { WebError } from './webError.ts';
import { QUEUE_NAMES } from '../queue/catalog.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CountedTable } from '../domain/column.ts';
import type { Clock, Log } from '../engine/ports.ts';
import type { QueueBackend } from '../queue/backend.ts';
import type { Sink, StreamStatus } from '../sinks/sink.ts';
import type { WebAddress } from './access.ts';
import type { Metrics } from './metrics.ts';

export interface WebOptions extends WebAddress {
  /** 0: any free port. */
  readonly port: number;
  readonly sink: Pick<
    Sink,
    'streamStatuses' | 'requestCounts' | 'partitionStates' | 'lastBeatMs' | 'ping'
  >;
  readonly queue: Pick<QueueBackend, 'queues' | 'kind' | 'counts' | 'ping'>;
  /** The table of each source id. */
  readonly tables: ReadonlyMap<string, CountedTable>;
  /** A scheduler that has not ticked for longer makes `/readyz` answer 503. Milliseconds. */
  readonly tickAgeMaxMs: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
}

export interface WebServer {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Answers what is under way, then ends every connection. */
  close(): Promise<void>;
}

/** Served without a password: what a load balancer asks. */
const openPaths: ReadonlySet<string | undefined> = new Set(['/healthz', '/readyz']);
const connectionsMax = 256;
const timeouts = { connectionTimeout: 60_000, requestTimeout: 30_000, keepAliveTimeout: 10_000 };
const bodyBytesMax = 256 * 1_024;

/**
 * Serves the status page (`/`), Bull Board (`/queues`), `/metrics`, `/healthz` and `/readyz`.
 * @throws WebError when the port is in use, or when the host is not a loopback address and there is no password
 */
export async function startWeb(options: WebOptions): Promise<WebServer> {
  requirePassword(options);
  const app = fastify({ ...timeouts, bodyLimit: bodyBytesMax, forceCloseConnections: true });
  const metrics = createMetrics(options);
  app.server.maxConnections = connectionsMax;
  await guard(app, options);
  addRoutes(app, options, metrics);
  await app.register(boardPlugin(options.queue), { prefix: boardPath });
  const url = await listen(app, options);
  return {
    url,
    close: async () => {
      await app.close();
      metrics.close();
    },
  };
}

async function guard(app: FastifyInstance, options: WebOptions): Promise<void> {
  await app.register(basicAuth, {
    authenticate: { realm: 'LogFerry' },
    validate: async (username, password) => {
      if (!isOperator({ username, password }, options)) throw new Error('wrong name or password');
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(securityHeaders);
    if (isOwnRequest(factsOf(request), options)) return;
    return reply.code(403).type('text/plain').send('This request comes from another site.\n');
  });
  if (options.password !== null && options.password !== '') {
    app.addHook('onRequest', (request, reply, done) => {
      if (openPaths.has(request.routeOptions.url)) done();
      else app.basicAuth(request, reply, done);
    });
  }
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      const path = request.routeOptions.url;
      options.log.error({ event: 'web_error', path, error: error.message }, 'web request failed');
    }
    const text = status >= 500 ? 'This failed; the log says why.' : error.message;
    return reply.code(status).type('text/plain').send(`${text}\n`);
  });
}

/** Styles may be inline (Bull Board does so); nothing may come from elsewhere, as Bull Board's web font would. */
const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};

function factsOf(request: FastifyRequest): Parameters<typeof isOwnRequest>[0] {
  const { method, headers } = request;
  const site = headers['sec-fetch-site'];
  return { method, host: headers.host, fetchSite: typeof site === 'string' ? site : undefined };
}

function addRoutes(app: FastifyInstance, options: WebOptions, metrics: Metrics): void {
  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', async (_request, reply) => {
    const health = await checkHealth(options);
    return reply.code(health.ready ? 200 : 503).send(health);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.scrape()),
  );
  app.get('/', async (_request, reply) => {
    const page = statusPage({
      health: await checkHealth(options),
      streams: await readStreams(options),
      queues: await readQueues(options.queue),
      nowMs: options.clock.nowMs(),
    });
    return reply.type('text/html').header('cache-control', 'no-store').send(page);
  });
}

/** null when the database does not answer, which the page's health line says. */
async function readStreams({ sink, tables }: WebOptions): Promise<readonly StreamStatus[] | null> {
  try {
    return await sink.streamStatuses({ tables });
  } catch {
    return null;
  }
}

/** null when the queue does not answer, likewise. */
async function readQueues(
  queue: Pick<QueueBackend, 'counts'>,
): Promise<Readonly<Record<string, Readonly<Record<string, number>>>> | null> {
  try {
    const counted = QUEUE_NAMES.map(async (name) => [name, await queue.counts(name)] as const);
    return Object.fromEntries(await Promise.all(counted));
  } catch {
    return null;
  }
}

async function listen(app: FastifyInstance, { host, port }: WebOptions): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    const code = errorCodeOf(cause) ?? String(cause);
    throw new WebError(`cannot serve the dashboard on ${host} port ${port}: ${adviceOn(code)}`, {
      cause,
    });
  }
}

function adviceOn(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use; stop the program that uses it, or set web.port to another one (0 for any)';
    case 'EACCES':
      return 'not allowed; ports below 1024 need privileges, set web.port to a higher one';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address; set web.host to one it has, or to 0.0.0.0';
    default:
      return code;
  }
}
