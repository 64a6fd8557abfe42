import type { DownloadJob } from './downloadJob.ts';

/** Where in the listing a job stands. The service documents no order (reference 3.1), so clients must live with each. */
export type ListingOrder = 'newest-first' | 'oldest-first' | 'by-name';

/** A job together with the time it was listed: the truth a walk is compared with. */
export interface JobLife {
  readonly job: DownloadJob;
  readonly insertedAtMs: number;
  /** Requests that had arrived when the job was inserted. Request n saw it when inserted <= n < removed. */
  readonly insertedAtRequest: number;
  readonly removedAtMs: number | null;
  readonly removedAtRequest: number | null;
}

export interface Moment {
  readonly nowMs: number;
  readonly request: number;
}

interface Place {
  life: JobLife;
  readonly sequence: number;
}

/**
 * The jobs of a project in listing order. Relative order never changes; inserting and removing are O(n) pointer moves,
 * a page is O(size), so a list of 100,000 jobs stays cheap.
 */
export class JobList {
  /** Ascending in sort order; read backwards for newest-first. */
  readonly #places: Place[] = [];
  readonly #byName = new Map<string, Place>();
  readonly #lives: Place[] = [];
  readonly #order: ListingOrder;

  constructor(order: ListingOrder) {
    this.#order = order;
  }

  get size(): number {
    return this.#places.length;
  }

  find(name: string): DownloadJob | undefined {
    return this.#byName.get(name)?.life.job;
  }

  /** @returns false when a job of that name is listed already */
  insert(job: DownloadJob, at: Moment): boolean {
    if (this.#byName.has(job.name)) return false;
    const place: Place = {
      sequence: this.#lives.length,
      life: {
        job,
        insertedAtMs: at.nowMs,
        insertedAtRequest: at.request,
        removedAtMs: null,
        removedAtRequest: null,
      },
    };
    this.#places.splice(this.#positionOf(place), 0, place);
    this.#byName.set(job.name, place);
    this.#lives.push(place);
    return true;
  }

  /** @returns false when no job of that name is listed */
  remove(name: string, at: Moment): boolean {
    const place = this.#byName.get(name);
    if (place === undefined) return false;
    this.#places.splice(this.#positionOf(place), 1);
    this.#byName.delete(name);
    place.life = { ...place.life, removedAtMs: at.nowMs, removedAtRequest: at.request };
    return true;
  }

  /** `offset` >= 0 and `size` >= 0 count jobs in listing order, of one logstore when it is given. */
  page(range: {
    offset: number;
    size: number;
    logstore?: string | undefined;
  }): readonly DownloadJob[] {
    const { offset, size, logstore } = range;
    if (logstore !== undefined) return this.#ofLogstore(logstore).slice(offset, offset + size);
    const end = Math.min(this.size, offset + size);
    const page: DownloadJob[] = [];
    for (let index = offset; index < end; index += 1) {
      const place = this.#places[this.#order === 'newest-first' ? this.size - 1 - index : index];
      if (place !== undefined) page.push(place.life.job);
    }
    return page;
  }

  count(logstore: string | undefined): number {
    return logstore === undefined ? this.size : this.#ofLogstore(logstore).length;
  }

  /** The job that has been listed longest, where it stands in any order. */
  oldest(): DownloadJob | undefined {
    let oldest = this.#order === 'by-name' ? undefined : this.#places[0];
    if (this.#order === 'by-name') {
      for (const place of this.#places) {
        if (oldest === undefined || place.sequence < oldest.sequence) oldest = place;
      }
    }
    return oldest?.life.job;
  }

  lives(): readonly JobLife[] {
    return this.#lives.map((place) => place.life);
  }

  #ofLogstore(logstore: string): readonly DownloadJob[] {
    return this.page({ offset: 0, size: this.size }).filter((job) => job.logstore === logstore);
  }

  /** Binary search: where `place` stands, or would. */
  #positionOf(place: Place): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#places[middle];
      if (other !== undefined && this.#isBefore(other, place)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBefore(a: Place, b: Place): boolean {
    return this.#order === 'by-name' ? a.life.job.name < b.life.job.name : a.sequence < b.sequence;
  }
}
