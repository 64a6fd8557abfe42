import { describe } from '@jest/globals';
import type { SinkUnderTest } from './contract/harness.ts';
import { downloadContract } from './contract/downloads.ts';
import { entryContract } from './contract/entries.ts';
import { fileContract } from './contract/files.ts';
import { jobContract } from './contract/jobs.ts';
import { operationsContract } from './contract/operations.ts';
import { orderedJobContract } from './contract/orderedJobs.ts';
import { orderContract } from './contract/orders.ts';
import { pageContract } from './contract/pages.ts';
import { propertyContract } from './contract/properties.ts';
import { trackedJobsContract } from './contract/trackedJobs.ts';
import { walkContract } from './contract/walks.ts';

/** What every sink promises. `open` is asked once the tests run, after the caller's own `beforeAll`. */
export function sinkContract(name: string, open: () => SinkUnderTest): void {
  describe(`the sink contract, kept by ${name}`, () => {
    walkContract(open);
    pageContract(open);
    entryContract(open);
    fileContract(open);
    downloadContract(open);
    jobContract(open);
    trackedJobsContract(open);
    orderContract(open);
    orderedJobContract(open);
    operationsContract(open);
    propertyContract(open);
  });
}
