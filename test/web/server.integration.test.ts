import { request } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openQueueBackend } from '../../src/queue/backend.ts';
import { describeBackends } from '../queue/backends.ts';
import { recordingLog } from '../queue/recordingLog.ts';
import { walk } from '../queue/useQueue.ts';
import { nowMs, someSink, startSomeWeb } from './someWeb.ts';
import type { QueueBackend } from '../../src/queue/backend.ts';
import type { WebServer } from '../../src/web/server.ts';
import type { QueueServer } from '../queue/backends.ts';

const asOps = { authorization: `Basic ${Buffer.from('ops:right').toString('base64')}` };

await describeBackends('the web role', (openServer) => {
  let server: QueueServer;
  let queue: QueueBackend;
  let open: WebServer;
  let locked: WebServer;

  beforeAll(async () => {
    server = await openServer();
    queue = await openQueueBackend({ location: server.location, log: recordingLog() });
    await queue.add('walk', walk('exports', 1));
    open = await startSomeWeb(queue);
    locked = await startSomeWeb(queue, { password: 'right' });
  });
  afterAll(async () => {
    await open.close();
    await locked.close();
    await queue.close();
    await server.close();
  });

  it('serves status page, board, metrics and health', async () => {
    for (const path of ['/', '/queues', '/queues/api/queues', '/metrics', '/healthz', '/readyz']) {
      const answer = await fetch(`${open.url}${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
      await answer.text();
    }
  });

  it('shows every queue and its jobs on the board', async () => {
    const answer = await fetch(`${open.url}/queues/api/queues?activeQueue=walk&status=latest`);
    const board = (await answer.json()) as { queues: { name: string; counts: object }[] };
    expect(board.queues.map(({ name }) => name)).toEqual([
      'walk',
      'track',
      'download',
      'export',
      'maintain',
    ]);
    expect(board.queues[0]).toMatchObject({ counts: { waiting: 1 } });
  });

  it('asks for the password everywhere but at health and readiness', async () => {
    const paths = [
      '/',
      '/metrics',
      '/queues',
      '/queues/api/queues',
      '/queues/static/x.js',
      '/none',
    ];
    for (const path of paths) {
      const refused = await fetch(`${locked.url}${path}`);
      expect([path, refused.status]).toEqual([path, 401]);
      expect(refused.headers.get('www-authenticate')).toMatch(/^Basic/);
      const wrong = { authorization: `Basic ${Buffer.from('ops:wrong').toString('base64')}` };
      expect((await fetch(`${locked.url}${path}`, { headers: wrong })).status).toBe(401);
    }
    for (const path of ['/healthz', '/readyz']) {
      expect((await fetch(`${locked.url}${path}`)).status).toBe(200);
    }
    for (const path of ['/', '/metrics', '/queues']) {
      expect((await fetch(`${locked.url}${path}`, { headers: asOps })).status).toBe(200);
    }
  });

  it('refuses a change that another site asks for, with or without password', async () => {
    for (const { url } of [open, locked]) {
      const answer = await fetch(`${url}/queues/api/queues/walk/pause`, {
        method: 'PUT',
        headers: { ...asOps, 'sec-fetch-site': 'cross-site' },
      });
      expect(answer.status).toBe(403);
    }
    expect(await queue.queues.walk.isPaused()).toBe(false);
  });

  it('refuses a foreign host name where no password protects it', async () => {
    expect(await statusUnder(open.url, 'evil.example')).toBe(403);
    expect(await statusUnder(open.url, 'localhost')).toBe(200);
  });

  it('lets no page load anything from elsewhere', async () => {
    for (const path of ['/', '/queues', '/none']) {
      const { headers } = await fetch(`${open.url}${path}`);
      expect(headers.get('content-security-policy')).toMatch(/default-src 'self'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
    }
  });

  it('exposes the whole installation as metrics', async () => {
    const text = await (await fetch(`${open.url}/metrics`)).text();
    const lines = [
      'logferry_up{part="database"} 1',
      'logferry_up{part="queue"} 1',
      'logferry_walks_total{stream="exports",outcome="complete"} 41',
      'logferry_pages_total{stream="exports"} 130',
      'logferry_entries_total{stream="exports"} 50000',
      'logferry_entries_stored{stream="exports"} 12345',
      'logferry_rejected_total{stream="exports"} 0',
      'logferry_jobs_open{stream="exports"} 7',
      'logferry_seconds_since_complete_walk{stream="exports"} 60',
      'logferry_requests_total{account="prod",api="ListDownloadJobs",status="200",outcome="ok"} 90',
      'logferry_throttles_total{account="prod",api="ListDownloadJobs"} 5',
      'logferry_queue_jobs{queue="walk",state="waiting"} 1',
    ];
    expect(text.split('\n')).toEqual(expect.arrayContaining(lines));
    expect(text).toMatch(/^process_cpu_seconds_total/m);
  });

  it('counts nothing twice when it is scraped again', async () => {
    const scrape = async (): Promise<string[]> => {
      const text = await (await fetch(`${open.url}/metrics`)).text();
      return text.split('\n').filter((line) => line.startsWith('logferry_'));
    };
    expect(await scrape()).toEqual(await scrape());
  });

  it('is not ready, and says why, when no scheduler ticks', async () => {
    for (const beatMs of [null, nowMs - 181_000]) {
      const web = await startSomeWeb(queue, { sink: someSink([], beatMs) });
      const answer = await fetch(`${web.url}/readyz`);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        ready: false,
        database: { ok: true },
        queue: { ok: true },
        scheduler: { ok: false },
      });
      await web.close();
    }
  });

  it('stays up, not ready, and scrapable while the database is away', async () => {
    const away = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3'));
    const sink = {
      ...{ streamStatuses: away, requestCounts: away, partitionStates: away },
      ...{ lastBeatMs: away, ping: away },
    };
    const web = await startSomeWeb(queue, { sink });
    expect((await fetch(`${web.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${web.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).not.toContain('10.1.2.3');
    expect(await (await fetch(`${web.url}/metrics`)).text()).toContain(
      'logferry_up{part="database"} 0',
    );
    expect(await (await fetch(web.url)).text()).toContain('<b>Database</b> does not answer');
    await web.close();
  });

  it('says in one line which port is in use and what to do', async () => {
    const port = Number(new URL(open.url).port);
    await expect(startSomeWeb(queue, { port })).rejects.toThrow(
      `cannot serve the dashboard on 127.0.0.1 port ${port}: the port is in use; stop the program that uses it, or set web.port to another one (0 for any)`,
    );
  });

  it('refuses to start off loopback without a password', async () => {
    await expect(startSomeWeb(queue, { host: '0.0.0.0' })).rejects.toThrow(/set web.password/);
  });

  it('ends kept-alive connections when it closes', async () => {
    const web = await startSomeWeb(queue);
    await (await fetch(`${web.url}/healthz`)).text();
    const closedAt = Date.now();
    await web.close();
    expect(Date.now() - closedAt).toBeLessThan(9_000); // Left alone they live for 10 s.
    await expect(fetch(`${web.url}/healthz`)).rejects.toThrow();
  });
});

/** fetch sets the Host header itself. */
function statusUnder(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}
