/** Where in the listing a job stands. The services document no order, so clients must live with each. */
export type ListingOrder = 'newest-first' | 'oldest-first' | 'by-name';

/** A job together with the time it was listed: the truth a walk is compared with. */
export interface JobLife<Job> {
  readonly job: Job;
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

interface Place<Job> {
  life: JobLife<Job>;
  readonly sequence: number;
}

/**
 * Jobs, each known by its name, in listing order. Relative order never changes; inserting and removing are O(n) pointer moves,
 * a page is O(size), so a list of 100,000 jobs stays cheap.
 */
export class JobList<Job extends { readonly name: string }> {
  /** Ascending in sort order; read backwards for newest-first. */
  readonly #places: Place<Job>[] = [];
  readonly #byName = new Map<string, Place<Job>>();
  readonly #lives: Place<Job>[] = [];
  readonly #order: ListingOrder;

  constructor(order: ListingOrder) {
    this.#order = order;
  }

  get size(): number {
    return this.#places.length;
  }

  find(name: string): Job | undefined {
    return this.#byName.get(name)?.life.job;
  }

  /** @returns false when a job of that name is listed already */
  insert(job: Job, at: Moment): boolean {
    if (this.#byName.has(job.name)) return false;
    const place: Place<Job> = {
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

  /** `offset` >= 0 and `size` >= 0 count jobs in listing order, of those that `only` lets through. */
  page(range: {
    offset: number;
    size: number;
    only?: ((job: Job) => boolean) | undefined;
  }): readonly Job[] {
    const { offset, size, only } = range;
    if (only !== undefined)
      return this.#all()
        .filter(only)
        .slice(offset, offset + size);
    const end = Math.min(this.size, offset + size);
    const page: Job[] = [];
    for (let index = offset; index < end; index += 1) {
      const place = this.#places[this.#order === 'newest-first' ? this.size - 1 - index : index];
      if (place !== undefined) page.push(place.life.job);
    }
    return page;
  }

  count(only?: (job: Job) => boolean): number {
    return only === undefined ? this.size : this.#all().filter(only).length;
  }

  /** The job that has been listed longest, where it stands in any order. */
  oldest(): Job | undefined {
    let oldest = this.#order === 'by-name' ? undefined : this.#places[0];
    if (this.#order === 'by-name') {
      for (const place of this.#places) {
        if (oldest === undefined || place.sequence < oldest.sequence) oldest = place;
      }
    }
    return oldest?.life.job;
  }

  lives(): readonly JobLife<Job>[] {
    return this.#lives.map((place) => place.life);
  }

  #all(): readonly Job[] {
    return this.page({ offset: 0, size: this.size });
  }

  /** Binary search: where `place` stands, or would. */
  #positionOf(place: Place<Job>): number {
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

  #isBefore(a: Place<Job>, b: Place<Job>): boolean {
    return this.#order === 'by-name' ? a.life.job.name < b.life.job.name : a.sequence < b.sequence;
  }
}
