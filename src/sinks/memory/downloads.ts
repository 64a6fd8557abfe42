import { storableText } from '../../domain/storable.ts';
import type { DownloadRef, DownloadSink, OpenDownload, StoredDownload } from '../downloadSink.ts';
import { rejectedRowsOf } from '../jobRow.ts';
import type { Contents, MemoryDownload, MemoryJob } from './contents.ts';
import { applyRejected } from './writeJobs.ts';

const none = { records: 0, rows: 0, rejected: 0 };

/** Files of export jobs in memory, with their rows. */
export function downloadsOf(contents: Contents): DownloadSink {
  const { downloads } = contents;

  const jobAt = (streamId: string, entryKey: string): MemoryJob | undefined =>
    [...contents.jobs.values()].find(
      (job) =>
        job.table === 'download_jobs' &&
        job.streamId === streamId &&
        job.row.key === storableText(entryKey),
    );
  const fileAt = ({ streamId, entryKey }: OpenDownload): MemoryDownload | undefined => {
    const job = jobAt(streamId, entryKey);
    return [...downloads.values()].find(({ jobId }) => jobId === job?.id);
  };
  const held = ({ fileId, version }: DownloadRef): MemoryDownload | null => {
    const file = downloads.get(fileId);
    return file?.version === version ? file : null;
  };
  const move = (file: MemoryDownload, change: Partial<MemoryDownload>): DownloadRef => {
    const moved = { ...file, ...change, version: file.version + 1 };
    downloads.set(file.id, moved);
    return { fileId: file.id, version: moved.version };
  };

  return {
    wantDownloads: async ({ streamId, entryKeys, status }) => {
      const open: OpenDownload[] = [];
      for (const entryKey of entryKeys) {
        const job = jobAt(streamId, entryKey);
        if (job?.row.status !== status) continue;
        const file = fileAt({ streamId, entryKey });
        if (file === undefined) {
          const id = String(downloads.size + 1);
          downloads.set(id, { ...emptyFile, id, streamId, jobId: job.id });
        }
        if (file === undefined || isOpen(file)) open.push({ streamId, entryKey: job.row.key });
      }
      return open;
    },

    openDownloads: async ({ streamId, afterId, limit }) =>
      [...downloads.values()]
        .filter((file) => file.streamId === streamId && isOpen(file))
        .filter(({ id }) => Number(id) > Number(afterId))
        .slice(0, limit)
        .flatMap(({ id, jobId }) => {
          const job = [...contents.jobs.values()].find((candidate) => candidate.id === jobId);
          return job === undefined ? [] : [{ id, streamId, entryKey: job.row.key }];
        }),

    beginDownload: async (claim) => {
      const file = fileAt(claim);
      if (file === undefined) return { kind: 'absent' };
      if (!isOpen(file)) return { kind: 'ended', file: storedOf(file) };
      return { kind: 'begun', download: move(file, {}) };
    },

    startLoading: async ({ download, file: fetched }) => {
      const file = held(download);
      if (file === null) return { kind: 'moved' };
      const goesOn = file.status === 'loading' && file.fetched?.sha256 === fetched.sha256;
      const { records, rows, rejected } = goesOn ? file : none;
      const stored = goesOn ? file.stored : [];
      const position = { records, rows, rejected };
      const change = { status: 'loading', reason: null, fetched, stored, ...position } as const;
      return { kind: 'loading', download: move(file, change), from: position };
    },

    appendRows: async ({ download, streamId, rows, rejected, progress, nowMs }) => {
      const file = held(download);
      if (file === null) return { kind: 'moved' };
      for (const row of rejectedRowsOf(rejected)) {
        applyRejected(contents, { streamId, walkId: null, nowMs }, row);
      }
      const stored = [...file.stored, ...rows];
      return { kind: 'stored', download: move(file, { stored, ...progress }) };
    },

    endDownload: async ({ download, ending, compression, keptAt, nowMs }) => {
      const file = held(download);
      if (file === null) return { kind: 'moved' };
      move(file, {
        ...ending,
        compression: compression ?? file.compression,
        keptAt: keptAt ?? file.keptAt,
        endedAtMs: nowMs,
      });
      return { kind: 'ended' };
    },

    noteDownloadError: async ({ download, error }) => {
      const file = held(download);
      if (file !== null) downloads.set(file.id, { ...file, reason: storableText(error) });
    },

    retryDownloads: async ({ streamId }) => {
      const over = [...downloads.values()].filter(
        (file) =>
          file.streamId === streamId && (file.status === 'incomplete' || file.status === 'failed'),
      );
      for (const file of over) move(file, { status: 'waiting', endedAtMs: null });
      return over.length;
    },

    readDownload: async (query) => {
      const file = fileAt(query);
      return file === undefined ? null : storedOf(file);
    },
  };
}

const emptyFile: Omit<MemoryDownload, 'id' | 'streamId' | 'jobId'> = {
  ...none,
  ...{ version: 0, status: 'waiting', reason: null, fetched: null, stored: [] },
  ...{ compression: null, keptAt: null, endedAtMs: null },
};

function isOpen({ status }: MemoryDownload): boolean {
  return status === 'waiting' || status === 'loading';
}

function storedOf({ status, reason, records, rows, rejected }: MemoryDownload): StoredDownload {
  return { status, reason, records, rows, rejected };
}
