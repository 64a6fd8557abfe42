import type { Delivery } from './deliver.ts';

/** How often each API was answered, and how: `{ ListDownloadJobs: { '200': 12, '403': 1, reset: 2 } }`. */
export type RequestCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Counts answers. An API that could not be told is `none`. */
export class RequestCounter {
  readonly #counts = new Map<string, Map<string, number>>();

  add(api: string, delivery: Delivery): void {
    const ofApi = this.#counts.get(api) ?? new Map<string, number>();
    this.#counts.set(api, ofApi);
    ofApi.set(String(delivery), (ofApi.get(String(delivery)) ?? 0) + 1);
  }

  read(): RequestCounts {
    return Object.fromEntries(
      [...this.#counts].map(([api, ofApi]) => [api, Object.fromEntries(ofApi)]),
    );
  }
}
