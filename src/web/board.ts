import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { QUEUE_NAMES } from '../queue/catalog.ts';
import type { FastifyPluginCallback } from 'fastify';
import type { QueueBackend } from '../queue/backend.ts';

/** Where the board is served. */
export const boardPath = '/queues';

/** Bull Board for all queues, as a plugin to be registered under `boardPath`. */
export function boardPlugin({
  queues,
  kind,
}: Pick<QueueBackend, 'queues' | 'kind'>): FastifyPluginCallback {
  const adapter = new FastifyAdapter().setBasePath(boardPath);
  const description = kind === 'redis' ? 'on Redis' : 'on PostgreSQL';
  createBullBoard({
    serverAdapter: adapter,
    queues: QUEUE_NAMES.map((name) => new BullMQAdapter(queues[name], { description })),
    options: {
      uiConfig: {
        boardTitle: 'LogFerry',
        hideDocsLink: true,
        // On PostgreSQL its panel shows a Redis icon, and asking for workers lists connections at every poll.
        hideRedisDetails: kind === 'postgres',
        showWorkers: false,
        miscLinks: [{ text: 'Status', url: '/' }],
      },
    },
  });
  return adapter.registerPlugin();
}
