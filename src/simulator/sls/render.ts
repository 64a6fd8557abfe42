import { createHmac } from 'node:crypto';
import { hash32 } from '../random.ts';
import type { DownloadJob, DownloadJobRow } from './downloadJob.ts';
import { phaseAt, rowOf } from './downloadJob.ts';

/** The part of a link's query that is the same throughout one answer, and differs in the next: links are always fresh. */
export type LinkStamp = string;

const LINK_LIFETIME_SECONDS = 3600;

/** `answer` tells answers apart: the same number gives the same links. */
export function linkStamp(seed: number, answer: number, nowMs: number): LinkStamp {
  const signature = createHmac('sha1', String(seed)).update(String(answer)).digest('base64url');
  const expires = Math.floor(nowMs / 1000) + LINK_LIFETIME_SECONDS;
  return `?Expires=${expires}&OSSAccessKeyId=STS.SimulatedKeyId&Signature=${signature.slice(0, 20)}`;
}

/** The row as an object: for Get, for damaged rows, and for tests that want the truth. */
export function renderRow(job: DownloadJob, nowMs: number, stamp: LinkStamp): DownloadJobRow {
  return rowOf(job, phaseAt(job, nowMs), linkBase(job) + stamp + linkEnd(job));
}

/**
 * A finished job's row around the stamp of its link. All else never changes again, so it is rendered and encoded once:
 * that lets one core serve a list of 100,000 jobs faster than a client can store it. Measured on 2 shared cores: 1.4 us a
 * row instead of 15; 125,000 rows/s over HTTP in pages of 500.
 */
const finishedRows = new WeakMap<DownloadJob, readonly [head: Buffer, tail: Buffer]>();

/** The row as JSON text in UTF-8, in pieces, as ListDownloadJobs answers it. */
export function renderRowBytes(
  job: DownloadJob,
  nowMs: number,
  stamp: LinkStamp,
): readonly Buffer[] {
  const cached = finishedRows.get(job);
  if (cached !== undefined) return [cached[0], Buffer.from(stamp), cached[1]];
  const phase = phaseAt(job, nowMs);
  if (phase.status !== 'SUCCEEDED') return [Buffer.from(JSON.stringify(rowOf(job, phase, '')))];
  const base = linkBase(job);
  const bytes = Buffer.from(JSON.stringify(rowOf(job, phase, base + linkEnd(job))));
  // Inside a JSON string a quote is escaped, so these characters can only be the key and the start of its value.
  const opening = `"filePath":"${base}`;
  const cut = bytes.indexOf(opening) + opening.length;
  const row = [bytes.subarray(0, cut), bytes.subarray(cut)] as const;
  finishedRows.set(job, row);
  return [row[0], Buffer.from(stamp), row[1]];
}

/** File names end like `.csv.gzip`, as the API page shows. */
function linkBase(job: DownloadJob): string {
  const { contentType, compressionType } = job.target;
  const extension = compressionType === 'none' ? contentType : `${contentType}.${compressionType}`;
  return `https://sls-downloaded-simulated.oss-cn-hangzhou.aliyuncs.com/${encodeURIComponent(job.name)}.${extension}`;
}

/** The part of a link's query that is the job's own. */
function linkEnd(job: DownloadJob): string {
  return `${hash32([job.name]).toString(36).padStart(7, '0')}%3D`;
}
