import { createHmac } from 'node:crypto';
import { hash32 } from '../random.ts';
import type { DownloadJob, DownloadJobRow } from './downloadJob.ts';
import { phaseAt, rowOf } from './downloadJob.ts';

/** What makes the links of one answer fresh: every answer carries its own. */
export interface LinkStamp {
  /** Unix seconds. */
  readonly expires: number;
  /** 20 characters that look like the start of a signature. */
  readonly signature: string;
}

const LINK_LIFETIME_SECONDS = 3600;

/** `answer` tells answers apart: the same number gives the same links. */
export function linkStamp(seed: number, answer: number, nowMs: number): LinkStamp {
  const signature = createHmac('sha1', String(seed)).update(String(answer)).digest('base64url');
  return {
    expires: Math.floor(nowMs / 1000) + LINK_LIFETIME_SECONDS,
    signature: signature.slice(0, 20),
  };
}

/** The row as an object: for Get, for damaged rows, and for tests that want the truth. */
export function renderRow(job: DownloadJob, nowMs: number, stamp: LinkStamp): DownloadJobRow {
  return rowOf(job, phaseAt(job, nowMs), linkBase(job) + linkQuery(job, stamp));
}

/** The text of a finished job around its link. The rest of it never changes, so it is rendered once. */
const finishedRows = new WeakMap<DownloadJob, { readonly head: string; readonly tail: string }>();

/** The row as JSON text, as ListDownloadJobs answers it. */
export function renderRowText(job: DownloadJob, nowMs: number, stamp: LinkStamp): string {
  const cached = finishedRows.get(job);
  if (cached !== undefined) return cached.head + linkQuery(job, stamp) + cached.tail;
  const phase = phaseAt(job, nowMs);
  if (phase.status !== 'SUCCEEDED') return JSON.stringify(rowOf(job, phase, ''));
  // Inside a JSON string a quote is escaped, so these characters can only be the key and the start of its value.
  const opening = `"filePath":"${linkBase(job)}`;
  const text = JSON.stringify(rowOf(job, phase, linkBase(job)));
  const cut = text.indexOf(opening) + opening.length;
  const parts = { head: text.slice(0, cut), tail: text.slice(cut) };
  finishedRows.set(job, parts);
  return parts.head + linkQuery(job, stamp) + parts.tail;
}

/** File names end like `.csv.gzip`, as the API page shows. */
function linkBase(job: DownloadJob): string {
  const { contentType, compressionType } = job.target;
  const extension = compressionType === 'none' ? contentType : `${contentType}.${compressionType}`;
  return `https://sls-downloaded-simulated.oss-cn-hangzhou.aliyuncs.com/${encodeURIComponent(job.name)}.${extension}`;
}

function linkQuery(job: DownloadJob, stamp: LinkStamp): string {
  const own = hash32([job.name]).toString(36).padStart(7, '0');
  return `?Expires=${stamp.expires}&OSSAccessKeyId=STS.SimulatedKeyId&Signature=${stamp.signature}${own}%3D`;
}
