import {
  EXPORT_COMPRESSIONS,
  EXPORT_FORMATS,
  type ExportCompression,
  type ExportFormat,
} from '../../domain/exportOrder.ts';
import { storableText } from '../../domain/storable.ts';
import { ORDER_STATUSES, type NewOrder, type OrderSink, type StoredOrder } from '../orderSink.ts';
import { SinkError } from '../sinkError.ts';
import { translated } from './errors.ts';
import { noteJob } from './noteJob.ts';
import type { Database } from './transaction.ts';

/** Orders of exports: see OrderSink. */
export function ordersOf(database: Database): OrderSink {
  const { pool, url } = database;
  const select = async (rest: string, values: readonly unknown[]): Promise<StoredOrder[]> =>
    translated(url, async () => {
      const { rows } = await pool.query<OrderRow>(`${selection} ${rest}`, [...values]);
      return rows.map(orderOf);
    });
  const update = async (text: string, values: readonly unknown[]): Promise<boolean> =>
    translated(url, async () => (await pool.query(text, [...values])).rowCount === 1);

  return {
    intendOrder: async ({ streamId, order, nowMs }) => {
      const isNew = await update(insertion, [streamId, ...valuesOf(order), new Date(nowMs)]);
      // export_orders_stream_id_name_key, export_orders_slot_key
      const [stored] = await select(
        `where o.stream_id = $1 and (o.name = $2 or (o.export = $3 and o.from_time = $4 and o.attempt = $5))
         order by (o.export = $3 and o.from_time = $4 and o.attempt = $5) is true desc
         limit 1`,
        [streamId, order.name, order.export, new Date(order.fromMs), order.attempt],
      );
      if (stored === undefined) throw new SinkError('bug', `order ${order.name} was not stored`);
      return { kind: isNew ? 'new' : 'known', order: stored };
    },

    readOrder: async ({ streamId, name }) => {
      const [order] = await select('where o.stream_id = $1 and o.name = $2', [
        ...[streamId, storableText(name)],
      ]);
      return order ?? null;
    },

    // export_orders_open_idx
    openOrders: ({ streamId, afterId, limit }) =>
      select(
        `where o.stream_id = $1 and o.status <> 'refused' and o.job_id is null and o.id > $2
         order by o.id
         limit $3`,
        [streamId, afterId, limit],
      ),

    // export_orders_unclosed_idx
    unclosedOrders: ({ streamId, export: name }) =>
      select(
        `where o.stream_id = $1 and o.export = $2 and o.closed_at is null
         order by o.from_time, o.attempt`,
        [streamId, name],
      ),

    orderedRanges: async ({ streamId, export: name }) =>
      translated(url, async () => {
        // export_orders_slot_key
        const { rows } = await pool.query<{ from_time: Date; to_time: Date }>(
          `select lower(range) as from_time, upper(range) as to_time
           from (
             select unnest(range_agg(tstzrange(from_time, to_time))) as range
             from export_orders
             where stream_id = $1 and export = $2
           ) ranges
           order by 1`,
          [streamId, name],
        );
        return rows.map((row) => ({
          fromMs: row.from_time.getTime(),
          toMs: row.to_time.getTime(),
        }));
      }),

    recordOrdered: ({ orderId, nowMs }) =>
      update(
        `update export_orders set status = 'ordered', ordered_at = $2, error_message = null
         where id = $1 and status = 'intended'`,
        [orderId, new Date(nowMs)],
      ),

    recordRefused: ({ orderId, expectedStatus, reason, nowMs }) =>
      update(
        `update export_orders set status = 'refused', refused_at = $4, error_message = $3
         where id = $1 and status = $2 and job_id is null`,
        [orderId, expectedStatus, storableText(reason), new Date(nowMs)],
      ),

    noteOrderError: async ({ orderId, error }) => {
      await update(
        `update export_orders set error_message = $2
         where id = $1 and status <> 'refused' and job_id is null`,
        [orderId, storableText(error)],
      );
    },

    noteJob: (note) => noteJob(database, note),

    closeOrder: async ({ orderId, nowMs }) =>
      translated(url, async () => {
        const { rows } = await pool.query<{ id: string }>(
          `update export_orders as o set closed_at = $2
           from export_orders as last
           where last.id = $1 and last.closed_at is null and o.closed_at is null
             and o.stream_id = last.stream_id and o.export = last.export
             and o.from_time = last.from_time and o.attempt <= last.attempt
           returning o.id`,
          [orderId, new Date(nowMs)],
        );
        return rows.some(({ id }) => id === orderId);
      }),
  };
}

const insertion = `
  insert into export_orders (
    stream_id, name, export, attempt, display_name, description, logstore, query, from_time, to_time,
    content_type, compression_type, power_sql, allow_incomplete, role_arn, bucket, prefix, intended_at
  )
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
  on conflict do nothing`;

function valuesOf(order: NewOrder): readonly unknown[] {
  return [
    ...[order.name, order.export, order.attempt],
    ...[order.displayName, order.description, order.logstore, order.query].map(storableText),
    ...[new Date(order.fromMs), new Date(order.toMs), order.format, order.compression],
    ...[order.powerSql, order.allowIncomplete, order.roleArn, order.bucket, order.prefix],
  ];
}

const selection = `
  select
    o.id, o.stream_id, o.name, o.export, o.attempt, o.display_name, o.description, o.logstore, o.query,
    o.from_time, o.to_time, o.content_type, o.compression_type, o.power_sql, o.allow_incomplete,
    o.role_arn, o.bucket, o.prefix, o.status, o.error_message, o.intended_at, o.ordered_at, o.refused_at,
    o.closed_at, j.entry_key, j.status as job_status, j.progress, j.error_message as job_error,
    j.settled_at, j.vanished_at
  from export_orders o
  left join download_jobs j on j.id = o.job_id`;

interface OrderRow {
  readonly id: string;
  readonly stream_id: string;
  readonly name: string;
  readonly export: string | null;
  readonly attempt: number;
  readonly display_name: string;
  readonly description: string;
  readonly logstore: string;
  readonly query: string;
  readonly from_time: Date;
  readonly to_time: Date;
  readonly content_type: string;
  readonly compression_type: string;
  readonly power_sql: boolean;
  readonly allow_incomplete: boolean;
  readonly role_arn: string | null;
  readonly bucket: string | null;
  readonly prefix: string | null;
  readonly status: string;
  readonly error_message: string | null;
  readonly intended_at: Date;
  readonly ordered_at: Date | null;
  readonly refused_at: Date | null;
  readonly closed_at: Date | null;
  readonly entry_key: string | null;
  readonly job_status: string | null;
  readonly progress: number | null;
  readonly job_error: string | null;
  readonly settled_at: Date | null;
  readonly vanished_at: Date | null;
}

function orderOf(row: OrderRow): StoredOrder {
  return {
    id: row.id,
    streamId: row.stream_id,
    name: row.name,
    export: row.export,
    attempt: row.attempt,
    displayName: row.display_name,
    description: row.description,
    logstore: row.logstore,
    query: row.query,
    fromMs: row.from_time.getTime(),
    toMs: row.to_time.getTime(),
    format: knownOf<ExportFormat>(EXPORT_FORMATS, row.content_type),
    compression: knownOf<ExportCompression>(EXPORT_COMPRESSIONS, row.compression_type),
    powerSql: row.power_sql,
    allowIncomplete: row.allow_incomplete,
    roleArn: row.role_arn,
    bucket: row.bucket,
    prefix: row.prefix,
    status: knownOf(ORDER_STATUSES, row.status),
    errorMessage: row.error_message,
    intendedAtMs: row.intended_at.getTime(),
    orderedAtMs: row.ordered_at?.getTime() ?? null,
    refusedAtMs: row.refused_at?.getTime() ?? null,
    closedAtMs: row.closed_at?.getTime() ?? null,
    job: jobOf(row),
  };
}

function jobOf(row: OrderRow): StoredOrder['job'] {
  if (row.entry_key === null) return null;
  return {
    entryKey: row.entry_key,
    status: row.job_status ?? '',
    progressPercent: row.progress,
    errorMessage: row.job_error,
    settledAtMs: row.settled_at?.getTime() ?? null,
    vanishedAtMs: row.vanished_at?.getTime() ?? null,
  };
}

/** @throws SinkError `bug` for a value that this version never wrote */
function knownOf<Value extends string>(values: readonly Value[], text: string): Value {
  const value = values.find((known) => known === text);
  if (value === undefined) throw new SinkError('bug', `export_orders holds an unknown ${text}`);
  return value;
}
