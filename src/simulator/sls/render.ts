import { hash32 } from '../random.ts';
import type { LinkStamp } from '../oss/links.ts';
import { signedLink } from '../oss/links.ts';
import type { DownloadJob, DownloadJobRow, ShownFile } from './downloadJob.ts';
import { madeUpFacts, phaseAt, rowOf } from './downloadJob.ts';
import { exportFileOf, filePathOf } from './jobFile.ts';

/** The row as an object: for Get, for damaged rows, and for tests that want the truth. */
export function renderRow(job: DownloadJob, nowMs: number, stamp: LinkStamp): DownloadJobRow {
  return rowOf(job, phaseAt(job, nowMs), () => shownFile(job, stamp));
}

/**
 * The row of a finished job without a real file, around the stamp of its link. All else never changes again, so it is rendered
 * and encoded once: that lets one core serve a list of 100,000 jobs faster than a client can store it. Measured on 2 shared
 * cores: 1.4 us a row instead of 15; 125,000 rows/s over HTTP in pages of 500.
 */
const finishedRows = new WeakMap<DownloadJob, readonly [head: Buffer, tail: Buffer]>();

/** The row as JSON text in UTF-8, in pieces, as ListDownloadJobs answers it. */
export function renderRowBytes(
  job: DownloadJob,
  nowMs: number,
  stamp: LinkStamp,
): readonly Buffer[] {
  const cached = finishedRows.get(job);
  if (cached !== undefined) return [cached[0], Buffer.from(stamp.unsigned), cached[1]];
  const phase = phaseAt(job, nowMs);
  if (phase.status !== 'SUCCEEDED' || exportFileOf(job) !== null) {
    return [Buffer.from(JSON.stringify(renderRow(job, nowMs, stamp)))];
  }
  const base = linkBase(job, stamp);
  const shown = { ...madeUpFacts(job), link: base + linkEnd(job) };
  const bytes = Buffer.from(JSON.stringify(rowOf(job, phase, () => shown)));
  // Inside a JSON string a quote is escaped, so these characters can only be the key and the start of its value.
  const opening = `"filePath":"${base}`;
  const cut = bytes.indexOf(opening) + opening.length;
  const row = [bytes.subarray(0, cut), bytes.subarray(cut)] as const;
  finishedRows.set(job, row);
  return [row[0], Buffer.from(stamp.unsigned), row[1]];
}

function shownFile(job: DownloadJob, stamp: LinkStamp): ShownFile {
  const file = exportFileOf(job);
  if (file === null) {
    return { ...madeUpFacts(job), link: linkBase(job, stamp) + stamp.unsigned + linkEnd(job) };
  }
  return { ...file.facts(), link: signedLink(stamp, filePathOf(stamp.place.project, job)) };
}

function linkBase(job: DownloadJob, { place }: LinkStamp): string {
  return place.origin + filePathOf(place.project, job);
}

/** The part of a link's query that is the job's own. */
function linkEnd(job: DownloadJob): string {
  return `${hash32([job.name]).toString(36).padStart(7, '0')}%3D`;
}
