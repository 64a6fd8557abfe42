import { EMPTY_ANSWER } from '../answer.ts';
import type { SlsApi } from './call.ts';
import { jobNotExist } from './jobNotExist.ts';

/** DELETE /downloadjobs/{name}. Running jobs can be deleted too. */
export const deleteDownloadJob: SlsApi = {
  name: 'DeleteDownloadJob',
  method: 'DELETE',
  path: /^\/downloadjobs\/([^/]+)$/,
  answer: (call) =>
    call.project.living.list.remove(call.resource, call.at)
      ? EMPTY_ANSWER
      : jobNotExist(call.resource),
};
