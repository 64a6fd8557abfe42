import { parseJsonText } from '../../../src/sinks/jsonText.ts';
import { openMemorySink } from '../../../src/sinks/memory.ts';
import type { SinkUnderTest } from './harness.ts';
import { table } from './harness.ts';

/** A fresh memory sink, looked at from behind. */
export function memoryUnderTest(): SinkUnderTest {
  const sink = openMemorySink();
  const { contents } = sink;
  const ofStream = <Row extends { readonly streamId: string }>(
    rows: Iterable<Row>,
    streamId: string,
  ) => [...rows].filter((row) => row.streamId === streamId);
  return {
    sink,
    jobs: async (streamId, given = table) =>
      ofStream(contents.jobs.values(), streamId).map(({ row, ...job }) => ({
        ...{ key: row.key, jobKey: row.jobKey, status: row.status, raw: parseJsonText(row.raw) },
        columns: Object.fromEntries(
          Object.keys(given.columns).map((name, index) => [name, row.values[index] ?? null]),
        ),
        ...{ firstSeenAtMs: job.firstSeenAtMs, lastSeenAtMs: job.lastSeenAtMs },
        ...{ lastSeenWalkId: job.lastSeenWalkId, settledAtMs: job.settledAtMs },
        vanishedAtMs: job.vanishedAtMs,
      })),
    files: async (streamId) =>
      ofStream(contents.files, streamId).map((file) => ({
        ...{ key: file.key, sha256: file.sha256, bytes: file.bytes },
        columns: { file_name: file.columns[0] ?? null, entries: file.columns[1] ?? null },
        raw: parseJsonText(file.raw),
        lines: file.rows.map((row) => String(row.at(-1))),
        count: file.rows.length,
        ...{ downloadedAtMs: file.downloadedAtMs, lastSeenAtMs: file.lastSeenAtMs },
        supersededAtMs: file.supersededAtMs,
      })),
    downloads: async (streamId) =>
      ofStream(contents.downloads.values(), streamId).map((file) => ({
        ...{ status: file.status, reason: file.reason, sha256: file.fetched?.sha256 ?? null },
        etagVerified: file.fetched?.etagVerified ?? null,
        logCount: file.fetched?.logCount ?? null,
        ...{ compression: file.compression, keptAt: file.keptAt, endedAtMs: file.endedAtMs },
        counts: [file.records, file.rows, file.rejected],
        stored: file.stored.map(({ rowNo, loggedAtMs, content }) => [
          rowNo,
          loggedAtMs,
          parseJsonText(content),
        ]),
      })),
    changes: async (streamId) =>
      ofStream(contents.changes, streamId).map(
        ({ entryKey: key, progressPercent: progress, ...change }) => ({
          ...{ kind: change.kind, key, jobKey: change.jobKey, from: change.from, to: change.to },
          ...{ progress, observedAtMs: change.observedAtMs },
        }),
      ),
    entries: async (table, streamId) =>
      ofStream(contents.entries.values(), streamId)
        .filter((entry) => entry.table === table.name)
        .map(({ row, firstSeenAtMs, supersededAtMs }) => ({
          key: row.key,
          columns: Object.fromEntries(
            Object.keys(table.columns).map((name, index) => [name, row.values[index] ?? null]),
          ),
          document: parseJsonText(row.document),
          ...{ firstSeenAtMs, supersededAtMs },
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    rejected: async (streamId) =>
      ofStream(contents.rejected.values(), streamId).map(
        ({ reason, raw, count, firstSeenAtMs, lastSeenAtMs }) => ({
          ...{ reason, raw: parseJsonText(raw), count, firstSeenAtMs, lastSeenAtMs },
        }),
      ),
    drift: async (streamId) =>
      ofStream(contents.drift.values(), streamId).map(({ path, kind, sample, count }) => ({
        ...{ path, kind, sample, count },
      })),
  };
}
