import { unitOf, wholeOf } from '../random.ts';
import type { DownloadJob, JobSpec, Lifecycle } from './downloadJob.ts';
import { completeJob, phaseAt } from './downloadJob.ts';
import type { ListingOrder, Moment } from './jobList.ts';
import { JobList } from './jobList.ts';
import { plausibleJob } from './plausibleJob.ts';
import { renderRowBytes } from './render.ts';

/** Jobs that come and go while nobody asks. Events fall due by the clock and happen before the next request. */
export interface Churn {
  readonly createsPerSecond: number;
  /** Deletes finished jobs only, so that every job can be followed to its end first. */
  readonly deletesPerSecond: number;
}

export interface ProjectOptions {
  /** Oldest first where createdAtMs is absent. A job created in the future is listed from then on. @default none */
  readonly jobs?: readonly JobSpec[];
  /** When given, CreateDownloadJob on another logstore is 404 LogStoreNotExist. */
  readonly logstores?: readonly string[];
  /** Rows; larger sizes are capped without a word. @default 500 */
  readonly pageSizeMax?: number;
  /** @default newest-first */
  readonly order?: ListingOrder;
  readonly lifecycle?: Lifecycle;
  /** @default none */
  readonly churn?: Churn;
}

/** A stretch of the listing. `offset` and `size` in rows. */
export interface ListedRange {
  readonly offset: number;
  readonly size: number;
  readonly logstore: string | undefined;
}

/** Catching up on a long silence is cut here, so that a simulator left alone for days answers at once. */
const CHURN_EVENTS_MAX = 10_000;

/** One project of the cloud. Time comes in with every call; nothing runs in the background. */
export class Project {
  readonly name: string;
  readonly pageSizeMax: number;
  readonly logstores: readonly string[] | undefined;
  readonly jobs: JobList;
  /** What the last List asked for; null before the first. A repeated page answers this again. */
  lastListed: ListedRange | null = null;
  readonly #seed: string;
  readonly #lifecycle: Lifecycle;
  readonly #churn: Churn;
  readonly #startedAtMs: number;
  /** Jobs whose time has not come, latest first. */
  readonly #pending: DownloadJob[];
  #created = 0;
  #deleted = 0;
  #madeUp = 0;

  constructor(name: string, options: ProjectOptions, world: { seed: number; nowMs: number }) {
    this.name = name;
    this.pageSizeMax = options.pageSizeMax ?? 500;
    this.logstores = options.logstores;
    this.jobs = new JobList(options.order ?? 'newest-first');
    this.#seed = `${world.seed}/${name}`;
    this.#lifecycle = options.lifecycle ?? {};
    this.#churn = options.churn ?? { createsPerSecond: 0, deletesPerSecond: 0 };
    this.#startedAtMs = world.nowMs;
    this.#pending = (options.jobs ?? [])
      .map((spec) => this.#complete(spec, world.nowMs))
      .sort((a, b) => a.createdAtMs - b.createdAtMs)
      .reverse();
    this.advance({ nowMs: world.nowMs, request: 0 });
    // Rendered up front: a benchmark reads each row once, and is to measure its reader, not this.
    for (const job of this.jobs.page({ offset: 0, size: this.jobs.size })) {
      renderRowBytes(job, world.nowMs, '');
    }
  }

  /** Lets everything happen that is due: arrivals, then churn. */
  advance(at: Moment): void {
    for (let next = this.#pending.at(-1); next !== undefined; next = this.#pending.at(-1)) {
      if (next.createdAtMs > at.nowMs) break;
      this.#pending.pop();
      this.jobs.insert(next, at);
    }
    const seconds = (at.nowMs - this.#startedAtMs) / 1000;
    const creates = Math.floor(seconds * this.#churn.createsPerSecond) - this.#created;
    const deletes = Math.floor(seconds * this.#churn.deletesPerSecond) - this.#deleted;
    this.#created += Math.max(0, creates);
    this.#deleted += Math.max(0, deletes);
    for (let n = Math.min(creates, CHURN_EVENTS_MAX); n > 0; n -= 1) {
      const ageMs = ((n - 1) / this.#churn.createsPerSecond) * 1000;
      this.insertMadeUp({ ...at, nowMs: Math.floor(at.nowMs - ageMs) });
    }
    for (let n = Math.min(deletes, CHURN_EVENTS_MAX); n > 0; n -= 1) {
      const victim = this.#randomJob(`churn/${this.#deleted - n}`, (job) => isOver(job, at.nowMs));
      if (victim !== undefined) this.jobs.remove(victim.name, at);
    }
  }

  /** @returns null when the name is taken */
  insert(spec: JobSpec, at: Moment): DownloadJob | null {
    const job = this.#complete(spec, at.nowMs);
    return this.jobs.insert(job, at) ? job : null;
  }

  insertMadeUp(at: Moment): void {
    this.#madeUp += 1;
    this.insert(plausibleJob(this.#seed, this.#madeUp), at);
  }

  /** `draw` names the choice: the same draw over the same list picks the same job. */
  removeRandom(draw: string, at: Moment): void {
    const victim = this.#randomJob(draw, () => true);
    if (victim !== undefined) this.jobs.remove(victim.name, at);
  }

  removeOldest(at: Moment): void {
    const oldest = this.jobs.oldest();
    if (oldest !== undefined) this.jobs.remove(oldest.name, at);
  }

  /** Stable per job and fault: a job that drifts does so in every answer, as a real one would. */
  unitOf(draw: string, jobName: string): number {
    return unitOf([this.#seed, draw, jobName]);
  }

  #complete(spec: JobSpec, nowMs: number): DownloadJob {
    return completeJob(spec, { seed: this.#seed, lifecycle: this.#lifecycle, nowMs });
  }

  /** A random place, then the next job in listing order that qualifies. */
  #randomJob(draw: string, qualifies: (job: DownloadJob) => boolean): DownloadJob | undefined {
    const start = wholeOf([this.#seed, draw], 0, Math.max(0, this.jobs.size - 1));
    for (let step = 0; step < this.jobs.size; step += 1) {
      const offset = (start + step) % this.jobs.size;
      const [job] = this.jobs.page({ offset, size: 1 });
      if (job !== undefined && qualifies(job)) return job;
    }
    return undefined;
  }
}

function isOver(job: DownloadJob, nowMs: number): boolean {
  const { status } = phaseAt(job, nowMs);
  return status === 'SUCCEEDED' || status === 'ERROR';
}
