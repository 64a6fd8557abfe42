import { OBJECTS_PATH } from '../oss/links.ts';
import type { StoredObject } from '../oss/storedObject.ts';
import { phaseAt } from './downloadJob.ts';
import { exportFileOf, filePathOf } from './jobFile.ts';
import type { Project } from './project.ts';

/** The object under a decoded path: the file of a job that is listed and has SUCCEEDED. */
export function findObject(
  projects: ReadonlyMap<string, Project>,
  path: string,
  nowMs: number,
): StoredObject | null {
  const [projectName = '', ...rest] = path.slice(OBJECTS_PATH.length).split('/');
  const fileName = rest.join('/');
  const [, name = ''] = /^(.+?)\.(?:csv|json)(?:\.(?:gzip|lz4|zstd))?$/.exec(fileName) ?? [];
  const job = projects.get(projectName)?.living.list.find(name);
  if (job === undefined || decodeURIComponent(filePathOf(projectName, job)) !== path) return null;
  const file = exportFileOf(job);
  if (file === null || phaseAt(job, nowMs).status !== 'SUCCEEDED') return null;
  const { fileBytes, checkSum } = file.facts();
  return {
    bytes: fileBytes,
    etag: `"${checkSum}"`,
    modifiedAtMs: job.createdAtMs + job.startMs + job.runMs,
    pieces: (start, end) => file.pieces(start, end),
  };
}
