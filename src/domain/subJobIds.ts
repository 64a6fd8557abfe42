import { isJsonObject, type JsonValue } from './json.ts';

const KEY = /^sub[_-]?(?:jobs?|tasks?)(?:[_-]?(?:ids?|list))?$/i;
const ID = /^[0-9a-zA-Z]{32}$/;
const depthMax = 12;

/** True for an id of 32 letters and digits, as the API page has it. */
export function isSubJobId(text: string): boolean {
  return ID.test(text);
}

/**
 * Every sub-job id in an item whose form nobody documents: texts of 32 letters and digits below a key that speaks of sub-jobs
 * (`sub_job_ids`, `subJobs`, `subTaskList`), in the order in which they stand, each once. Data in, data out.
 */
export function subJobIdsIn(item: JsonValue): readonly string[] {
  const found = new Set<string>();
  gather(item, { isBelow: false, depth: 0 }, found);
  return [...found];
}

function gather(
  value: JsonValue,
  at: { readonly isBelow: boolean; readonly depth: number },
  found: Set<string>,
): void {
  if (at.depth > depthMax) return;
  const depth = at.depth + 1;
  if (typeof value === 'string') {
    if (!at.isBelow) return;
    for (const text of value.split(/[\s,;]+/)) if (isSubJobId(text)) found.add(text);
  } else if (Array.isArray(value)) {
    for (const member of value) gather(member as JsonValue, { isBelow: at.isBelow, depth }, found);
  } else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      // Below `subJobs` the ids stand under `id`; other 32-character texts there may be anything.
      const isOwn = at.isBelow && /^(?:id|job_?id)$/i.test(key);
      const isBelow = KEY.test(key) || isOwn || (at.isBelow && typeof member === 'object');
      gather(member, { isBelow, depth }, found);
    }
  }
}
