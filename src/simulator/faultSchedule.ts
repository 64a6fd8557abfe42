import type { FaultOptions, FaultPlan } from './faults.ts';
import { planFaults } from './faults.ts';

/** The faults in force, for all products together: requests are counted across them. */
export class FaultSchedule {
  readonly #seed: number;
  #faults: FaultOptions;
  #struckRequests = 0;

  constructor(seed: number, faults: FaultOptions) {
    this.#seed = seed;
    this.#faults = faults;
  }

  /** Replaces all faults; requests are counted from 0 again. */
  set(faults: FaultOptions): void {
    this.#faults = faults;
    this.#struckRequests = 0;
  }

  /** What strikes the next request of this API. @returns null when no fault can strike it */
  planFor(api: string): FaultPlan | null {
    if (this.#faults.apis !== undefined && !this.#faults.apis.includes(api)) return null;
    this.#struckRequests += 1;
    return planFaults(this.#faults, this.#seed, this.#struckRequests - 1);
  }
}
