import type { WalkSink } from '../sink.ts';
import { changedSource } from '../changedSource.ts';
import { translated } from './errors.ts';
import type { PrismaClient } from './generated/client.ts';

export interface StreamRegistry {
  readonly register: WalkSink['registerStreams'];
}

/** The configured streams: see WalkSink.registerStreams. */
export function streamsOf(prisma: PrismaClient, url: string): StreamRegistry {
  return {
    register: async (given, nowMs) =>
      translated(url, async () =>
        prisma.$transaction(async (db) => {
          // One order for all processes that start at once, so that none waits for another in a circle.
          const streams = [...given].sort((a, b) => (a.name < b.name ? -1 : 1));
          const createdAt = new Date(nowMs);
          await db.stream.createMany({
            data: streams.map(({ name, source, account }) => ({
              name,
              source,
              account,
              createdAt,
            })),
            skipDuplicates: true,
          });
          const names = streams.map(({ name }) => name);
          const rows = await db.stream.findMany({ where: { name: { in: names } } });
          const stored = new Map(rows.map((row) => [row.name, row]));
          for (const { name, source, account } of streams) {
            const row = stored.get(name);
            if (row === undefined) continue;
            if (row.source !== source) throw changedSource(name, row.source, source);
            if (row.account === account) continue;
            await db.stream.update({ where: { id: row.id }, data: { account } });
          }
          return new Map(rows.map((row) => [row.name, row.id.toString()]));
        }),
      ),
  };
}
