import { ExportFile } from '../oss/exportFile.ts';
import { objectPath } from '../oss/links.ts';
import type { DownloadJob } from './downloadJob.ts';

const files = new WeakMap<DownloadJob, ExportFile>();

/** @returns null when the job has no real file, only facts of one, or none at all */
export function exportFileOf(job: DownloadJob): ExportFile | null {
  const { ending, target } = job;
  if (ending.status !== 'SUCCEEDED' || !('file' in ending)) return null;
  const known = files.get(job);
  if (known !== undefined) return known;
  const file = new ExportFile(ending.file, target);
  files.set(job, file);
  return file;
}

/** The path of the job's file, percent-encoded. */
export function filePathOf(project: string, { name, target }: DownloadJob): string {
  const { contentType, compressionType } = target;
  const extension = compressionType === 'none' ? contentType : `${contentType}.${compressionType}`;
  return objectPath(project, name, extension);
}
