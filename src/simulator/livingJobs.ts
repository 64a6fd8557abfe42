import type { ListingOrder, Moment } from './jobList.ts';
import { JobList } from './jobList.ts';
import { unitOf, wholeOf } from './random.ts';

/** Jobs that come and go while nobody asks. Events fall due by the clock and happen before the next request. */
export interface Churn {
  readonly createsPerSecond: number;
  /** Deletes finished jobs only, so that every job can be followed to its end first. */
  readonly deletesPerSecond: number;
}

/** What every kind of job has: the name it is known by, and when it is created. */
interface AnyJob {
  readonly name: string;
  /** Epoch milliseconds. In the future: the job is not listed before then. */
  readonly createdAtMs: number;
}

interface Kind<Job, Spec> {
  /** Names the list: two lists of one seed do not move alike. */
  readonly seed: string;
  readonly order: ListingOrder;
  readonly churn: Churn | undefined;
  /** Oldest first where they say no time of their own. */
  readonly specs: readonly Spec[];
  /** Fills in what a spec leaves open. */
  readonly complete: (spec: Spec, nowMs: number) => Job;
  /** A job as people make them; `ordinal` counts from 1 and makes it another one. */
  readonly madeUp: (ordinal: number) => Spec;
  readonly isOver: (job: Job, nowMs: number) => boolean;
}

/** Catching up on a long silence is cut here, so that a simulator left alone for days answers at once. */
const CHURN_EVENTS_MAX = 10_000;

/** A list of jobs that moves by itself. Time comes in with every call; nothing runs in the background. */
export class LivingJobs<Job extends AnyJob, Spec> {
  readonly list: JobList<Job>;
  readonly #kind: Kind<Job, Spec>;
  readonly #startedAtMs: number;
  /** Jobs whose time has not come, latest first. */
  readonly #pending: Job[];
  #created = 0;
  #deleted = 0;
  #madeUp = 0;

  constructor(kind: Kind<Job, Spec>, nowMs: number) {
    this.list = new JobList(kind.order);
    this.#kind = kind;
    this.#startedAtMs = nowMs;
    this.#pending = kind.specs
      .map((spec) => kind.complete(spec, nowMs))
      .sort((a, b) => a.createdAtMs - b.createdAtMs)
      .reverse();
    this.advance({ nowMs, request: 0 });
  }

  /** Lets everything happen that is due: arrivals, then churn. */
  advance(at: Moment): void {
    for (let next = this.#pending.at(-1); next !== undefined; next = this.#pending.at(-1)) {
      if (next.createdAtMs > at.nowMs) break;
      this.#pending.pop();
      this.list.insert(next, at);
    }
    const { createsPerSecond = 0, deletesPerSecond = 0 } = this.#kind.churn ?? {};
    const seconds = (at.nowMs - this.#startedAtMs) / 1000;
    const creates = Math.floor(seconds * createsPerSecond) - this.#created;
    const deletes = Math.floor(seconds * deletesPerSecond) - this.#deleted;
    this.#created += Math.max(0, creates);
    this.#deleted += Math.max(0, deletes);
    for (let n = Math.min(creates, CHURN_EVENTS_MAX); n > 0; n -= 1) {
      const ageMs = ((n - 1) / createsPerSecond) * 1000;
      this.insertMadeUp({ ...at, nowMs: Math.floor(at.nowMs - ageMs) });
    }
    const isOver = (job: Job): boolean => this.#kind.isOver(job, at.nowMs);
    for (let n = Math.min(deletes, CHURN_EVENTS_MAX); n > 0; n -= 1) {
      this.#removeSome(`churn/${this.#deleted - n}`, isOver, at);
    }
  }

  /** @returns null when the name is taken */
  insert(spec: Spec, at: Moment): Job | null {
    const job = this.#kind.complete(spec, at.nowMs);
    return this.list.insert(job, at) ? job : null;
  }

  insertMadeUp(at: Moment): void {
    this.#madeUp += 1;
    this.insert(this.#kind.madeUp(this.#madeUp), at);
  }

  /** The list moves between requests, as it does when other people work in the account. */
  strike(
    faults: {
      readonly insertJobs: number;
      readonly deleteJobs: number;
      readonly expireJobs: number;
    },
    at: Moment,
  ): void {
    for (let n = 0; n < faults.insertJobs; n += 1) this.insertMadeUp(at);
    for (let n = 0; n < faults.deleteJobs; n += 1) {
      this.#removeSome(`${at.request}/${n}`, () => true, at);
    }
    for (let n = 0; n < faults.expireJobs; n += 1) {
      const oldest = this.list.oldest();
      if (oldest !== undefined) this.list.remove(oldest.name, at);
    }
  }

  /** Stable per job and fault: a job that drifts does so in every answer, as a real one would. */
  unitOf(draw: string, name: string): number {
    return unitOf([this.#kind.seed, draw, name]);
  }

  /**
   * Removes the job at a random place, or the next one in listing order that qualifies. `draw` names the choice: the same
   * draw over the same list picks the same job.
   */
  #removeSome(draw: string, qualifies: (job: Job) => boolean, at: Moment): void {
    const { size } = this.list;
    const start = wholeOf([this.#kind.seed, draw], 0, Math.max(0, size - 1));
    for (let step = 0; step < size; step += 1) {
      const [job] = this.list.page({ offset: (start + step) % size, size: 1 });
      if (job !== undefined && qualifies(job)) {
        this.list.remove(job.name, at);
        return;
      }
    }
  }
}
