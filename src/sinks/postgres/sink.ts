import { PrismaPg } from '@prisma/adapter-pg';
import { createSlots } from '../../domain/slots.ts';
import type { Sink } from '../sink.ts';
import { budgetsOf } from './budgets.ts';
import { downloadsOf } from './downloads.ts';
import { entriesOf } from './entries.ts';
import { filesOf } from './files.ts';
import { PrismaClient } from './generated/client.ts';
import { jobsOf } from './jobs.ts';
import { createMonthPartitions } from './monthPartitions.ts';
import { operationsOf } from './operations.ts';
import { ordersOf } from './orders.ts';
import { streamsOf } from './streams.ts';
import type { Database } from './transaction.ts';
import { walksOf } from './walks.ts';

/**
 * The sink on PostgreSQL. Prisma's model API for small reads and writes, raw statements and COPY for pages, all on the one
 * pool. Expects a migrated database (`migrate`). Connects at the first call.
 * @param database.pool stays open on `close`: whoever opened it ends it
 * @param database.url what the pool was opened with; messages name its host, port and database
 */
export function openPostgresSink(database: Database): Sink {
  const prisma = new PrismaClient({
    adapter: new PrismaPg(database.pool),
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  });
  const inSlots = createSlots();
  const partitions = createMonthPartitions(database);
  return {
    ...walksOf(database, { streams: streamsOf(prisma, database.url), inSlots }),
    ...entriesOf({ database, inSlots, partitions }),
    ...filesOf(database),
    ...downloadsOf({ database, partitions }),
    ...jobsOf(database),
    ...ordersOf(database),
    ...budgetsOf(database, prisma),
    ...operationsOf(database, prisma),
    close: async () => {
      await prisma.$disconnect();
    },
  };
}
