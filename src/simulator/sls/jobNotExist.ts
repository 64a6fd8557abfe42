import type { Answer } from '../answer.ts';
import { slsError } from '../answer.ts';

/** The code is a guess after ProjectNotExist and LogStoreNotExist: what SLS answers for an unknown download job is not public. */
export function jobNotExist(name: string): Answer {
  return slsError(404, 'JobNotExist', `job ${name} does not exist`);
}
