import { jsonAnswer } from '../answer.ts';
import { rowFaultsOf } from '../pageFaults.ts';
import type { SlsApi } from './call.ts';
import { damagedRowText } from './damage.ts';
import { jobNotExist } from './jobNotExist.ts';
import { renderRow } from './render.ts';

/** GET /downloadjobs/{name}. The same fields as in List, but allowInComplete is a boolean (API page GetDownloadJob). */
export const getDownloadJob: SlsApi = {
  name: 'GetDownloadJob',
  method: 'GET',
  path: /^\/downloadjobs\/([^/]+)$/,
  answer: (call) => {
    const job = call.project.living.list.find(call.resource);
    if (job === undefined) return jobNotExist(call.resource);
    const row = renderRow(job, call.at.nowMs, call.links);
    const { allowInComplete } = job;
    const unitOf = (fault: string): number => call.project.living.unitOf(fault, job.name);
    return jsonAnswer(
      damagedRowText(
        { ...row, configuration: { ...row.configuration, allowInComplete } },
        rowFaultsOf(call.faults, { unitOf, isChosen: true }),
        job.name,
      ),
    );
  },
};
