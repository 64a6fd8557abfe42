import {
  exportEnding,
  type ExportEnding,
  type ExportRefusal,
  type FileReason,
} from '../domain/exportEnding.ts';
import type { RejectedEntry } from '../domain/entry.ts';
import type { DownloadProgress, DownloadRef, DownloadRow } from '../sinks/sink.ts';
import type { FinishedJob, VerifiedFile } from './fetchJobFile.ts';
import {
  ExportRefused,
  type BadRecord,
  type Compression,
  type ExportBatch,
  type ExportReading,
} from './filePort.ts';
import type { EngineDeps } from './ports.ts';

export interface LoadProgress {
  readonly rows: number;
  /** As many as the provider says there are; null when it does not say. */
  readonly rowsTotal: number | null;
}

/** The claim on a file as it stands: it moves on with everything that is stored. */
export interface Claim {
  download: DownloadRef;
}

/** How far loading got. */
export interface LoadedExport {
  readonly ending: ExportEnding;
  readonly counts: DownloadProgress;
  readonly compression: Compression | null;
}

/** Rows of one transaction: large enough that its commit does not count, small enough to be held twice, also at two bytes a character. */
const rowsAtOnce = 4_000;
const charactersAtOnce = 1.5 * 1024 * 1024;

/**
 * Reads a verified file and stores its rows, each batch with the position behind it in one transaction, while the next one is
 * read. Goes on behind what an earlier loader of the same bytes has stored. `moved`: another one has claimed the file.
 */
export async function loadExport(
  deps: EngineDeps,
  work: {
    readonly job: FinishedJob;
    readonly verified: VerifiedFile;
    readonly claim: Claim;
    readonly onProgress?: (progress: LoadProgress) => void;
  },
  signal: AbortSignal,
): Promise<LoadedExport | 'moved'> {
  const { job, verified, claim } = work;
  const { file, facts } = verified;
  const started = await deps.sink.startLoading({
    download: claim.download,
    file: {
      ...{ sha256: file.sha256, bytes: file.bytes, ...verificationOf(verified) },
      ...{ contentType: facts.contentType, logCount: facts.logCount },
    },
    nowMs: deps.clock.nowMs(),
  });
  if (started.kind === 'moved') return 'moved';
  claim.download = started.download;
  const { from } = started;
  const format = formatOf(facts.contentType);
  if (format === null) {
    const reason: FileReason = `unknown_format: the service calls the format ${JSON.stringify(facts.contentType)}; csv and json are known`;
    return { counts: from, ending: { status: 'failed', reason }, compression: null };
  }
  const { stream } = job;
  const how = {
    ...{ format, skipRecords: from.records, limits: deps.downloads.limits },
    timeField: stream.source.download.timeField(stream.settings),
  };
  const reading = deps.files.readExport(file, how, signal);
  const rowsTotal = facts.logCount === null ? null : Number(facts.logCount);
  const writer = rowWriter(deps, { job, claim, from }, (rows) => {
    work.onProgress?.({ rows, rowsTotal });
  });
  const refusal = await readAll(reading, writer, signal);
  if (refusal === 'moved') return 'moved';
  const { rows, rejected } = writer.counts();
  return {
    counts: writer.counts(),
    ending: exportEnding({ rows, rejected, logCount: facts.logCount, refusal }),
    compression: reading.compression(),
  };
}

function verificationOf({ verification }: VerifiedFile): {
  readonly etagVerified: boolean;
  readonly verification: string;
} {
  switch (verification.kind) {
    case 'verified':
      return { etagVerified: true, verification: verification.by };
    case 'unverified':
      return { etagVerified: false, verification: verification.why };
    case 'waived':
      return { etagVerified: false, verification: 'mismatch' };
  }
}

function formatOf(contentType: string | null): 'csv' | 'json' | null {
  return contentType === 'csv' || contentType === 'json' ? contentType : null;
}

/** Stores every batch. @returns why the file could not be read to its end; null when it was */
async function readAll(
  reading: ExportReading,
  writer: RowWriter,
  signal: AbortSignal,
): Promise<ExportRefusal | null | 'moved'> {
  let refusal: ExportRefusal | null = null;
  try {
    for await (const batch of reading.batches) {
      signal.throwIfAborted();
      if ((await writer.add(batch)) === 'moved') return 'moved';
    }
  } catch (error) {
    if (!(error instanceof ExportRefused)) {
      await writer.settle();
      throw error;
    }
    const isHostile = error.fault === 'too_large' || error.fault === 'ratio_too_high';
    refusal = { reason: `${error.fault}: ${error.message}`, isHostile };
  }
  return (await writer.drain()) === 'moved' ? 'moved' : refusal;
}

/** Stores batches in their order. While one is being written, the next one is read: two are held at most. */
interface RowWriter {
  add(batch: ExportBatch): Promise<'stored' | 'moved'>;
  /** Stores what is left. */
  drain(): Promise<'stored' | 'moved'>;
  /** Waits until nothing is being written any more; what failed has failed. */
  settle(): Promise<void>;
  counts(): DownloadProgress;
}

function rowWriter(
  deps: EngineDeps,
  at: {
    readonly job: FinishedJob;
    readonly claim: Claim;
    readonly from: DownloadProgress;
  },
  onStored: (rows: number) => void,
): RowWriter {
  const { job, claim } = at;
  let { from: counts } = at;
  let held = emptyBatch(counts.records);
  let writing: Promise<'stored' | 'moved'> = Promise.resolve('stored');

  const write = async (batch: HeldBatch): Promise<'stored' | 'moved'> => {
    const progress = {
      records: batch.records,
      rows: counts.rows + batch.rows.length,
      rejected: counts.rejected + batch.bad.length,
    };
    const appended = await deps.sink.appendRows({
      ...{ streamId: job.stream.streamId, download: claim.download, rows: batch.rows, progress },
      rejected: batch.bad.map((bad) => rejectedOf(job, bad)),
      nowMs: deps.clock.nowMs(),
    });
    if (appended.kind === 'moved') return 'moved';
    claim.download = appended.download;
    counts = progress;
    onStored(counts.rows);
    return 'stored';
  };

  const flush = async (): Promise<'stored' | 'moved'> => {
    const before = await writing;
    if (before === 'moved' || held.records === counts.records) return before;
    writing = write(held);
    // Met at the next `await writing`, and until then nobody's unhandled rejection.
    writing.catch(() => undefined);
    held = emptyBatch(held.records);
    return 'stored';
  };

  return {
    add: async (batch) => {
      held.add(batch);
      return held.isFull() ? flush() : 'stored';
    },
    drain: async () => ((await flush()) === 'moved' ? 'moved' : writing),
    settle: async () => {
      await writing.catch(() => undefined);
    },
    counts: () => counts,
  };
}

interface HeldBatch {
  readonly rows: DownloadRow[];
  readonly bad: BadRecord[];
  readonly records: number;
  add(batch: ExportBatch): void;
  isFull(): boolean;
}

function emptyBatch(after: number): HeldBatch {
  const rows: DownloadRow[] = [];
  const bad: BadRecord[] = [];
  let [records, characters] = [after, 0];
  return {
    ...{ rows, bad },
    get records() {
      return records;
    },
    add: (batch) => {
      for (const row of batch.rows) {
        rows.push(row);
        characters += row.content.length;
      }
      bad.push(...batch.bad);
      ({ records } = batch);
    },
    isFull: () => rows.length + bad.length >= rowsAtOnce || characters >= charactersAtOnce,
  };
}

/** A bad record among the rejected entries: which file, which line, what is wrong. */
function rejectedOf({ jobKey, entryKey }: FinishedJob, bad: BadRecord): RejectedEntry {
  const { rowNo, line, reason, message, text } = bad;
  return {
    reason: `row_${reason}`,
    raw: { job: jobKey, entryKey, row: rowNo, line, message, text },
  };
}
