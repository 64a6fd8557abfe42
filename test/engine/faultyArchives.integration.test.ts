import { describe, expect, it } from '@jest/globals';
import { walkStream, type WalkResult } from '../../src/engine/walkStream.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { HOSTILE_ARCHIVES } from '../../src/simulator/huawei/archives.ts';
import { everyFault } from '../../src/simulator/faults.ts';
import {
  checkStream,
  openBuildApi,
  PASSWORD,
  someLog,
  startChecks,
  subJob,
} from '../support/checks.ts';
import { openTestSink } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';
import { engineDeps, fakeClock, walkDeps } from './engineKit.ts';

const never = new AbortController().signal;
const attemptsMax = 60;
const good = Array.from({ length: 12 }, (_, at) => subJob(at));
const hostile = HOSTILE_ARCHIVES.slice(0, 6).map(
  (archive, at) => [subJob(500 + at), archive] as const,
);
const unknown = subJob(900);

describe('a walk over archives through a faulty cloud, on real HTTP and PostgreSQL', () => {
  it.each([1, 2, 3, 4])(
    'stores exactly the lines of the honest archives, each once (faults %i)',
    async (round) => {
      const cloud = await startChecks(
        {
          subJobs: {
            ...Object.fromEntries(good.map((id, at) => [id, someLog(id, 40 + at * 37)])),
            ...Object.fromEntries(
              hostile.map(([id, archive]) => [id, { kind: 'hostile', archive }]),
            ),
          },
        },
        { seed: round },
      );
      const { api, close } = openBuildApi(cloud.url, PASSWORD);
      const store = await openTestSink();
      try {
        const stream = await checkStream(store.sink, api, {
          subJobIds: [...good, ...hostile.map(([id]) => id), unknown],
        });
        // A redirect is a wrong configuration and a refused token rests for minutes; slowness tells nothing here.
        cloud.setFaults({
          ...everyFault(0.03 * round),
          ...{ redirect: 0, tokenExpired: 0, notJson: 0 },
          ...{ delay: { when: 0, delayMs: 0 }, trickle: { when: 0, durationMs: 0 } },
        });
        const clock = fakeClock(Date.now());
        const deps = walkDeps(engineDeps(store.sink, { clock }));
        const walk = async (runId: string): Promise<WalkResult> => {
          for (let number = 1; ; number++) {
            try {
              const attempt = { number, of: attemptsMax };
              const result = await walkStream(deps, { stream, runId, attempt }, never);
              if (result.kind !== 'paused') return result;
            } catch (error) {
              if (!(error instanceof SourceError) || number >= attemptsMax) throw error;
            }
          }
        };
        expect(await walk('one')).toMatchObject({ kind: 'incomplete', reason: 'archive_rejected' });
        // Once more, hours later: everything is asked for again and nothing changes.
        clock.advance(6 * 3_600_000);
        await walk('two');
        const stored = await rows<{ id: string; entry: string; line: number; text: string }>(
          store.url,
          `select f.sub_job_id as id, l.entry_name as entry, l.line_no::int as line, l.text
           from log_files f join log_file_lines l on l.log_file_id = f.id
           order by f.sub_job_id, l.entry_no, l.line_no`,
        );
        const truth = good.flatMap((id) =>
          (cloud.checks.lines().get(id) ?? []).map(({ entryName, lineNumber, text }) => ({
            ...{ id, entry: entryName, line: lineNumber, text },
          })),
        );
        expect(stored).toEqual(truth);
        const orphans = await rows(
          store.url,
          `select 1 from log_file_lines l where not exists (select from log_files f where f.id = l.log_file_id)`,
        );
        expect(orphans).toEqual([]);
        const files = await rows<{ id: string }>(
          store.url,
          'select sub_job_id as id from log_files order by 1',
        );
        expect(files.map(({ id }) => id)).toEqual(good);
        const refused = await rows<{ id: string }>(
          store.url,
          `select distinct raw ->> 'archive' as id from rejected_entries order by 1`,
        );
        expect(refused.map(({ id }) => id)).toEqual([...hostile.map(([id]) => id), unknown]);
      } finally {
        await close();
        await cloud.close();
        await store.drop();
      }
    },
    120_000,
  );
});
