import { unitOf } from './random.ts';

/**
 * When a fault strikes: with a probability (0..1) at each request, or at exactly these requests. Requests are counted from
 * 0 since the faults were set, only those that a fault can strike (signature right, API listed in `apis`).
 */
type When = number | { readonly at: readonly number[] };

/** What replaces the answer altogether; nothing is executed. */
const REFUSALS = [
  'throttle',
  'internalServerError',
  'emptyServerError',
  'serverBusy',
  'badGateway',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/**
 * What a row can carry. With a probability it is the share of jobs, and a job that has the fault has it in every answer;
 * with `at`, one row of those answers.
 */
const LIST_ROW_FAULTS = [
  'unknownFields',
  'unknownStatus',
  'lowerCaseStatus',
  'absentFields',
  'wrongTypes',
  'nulCharacters',
  'loneSurrogates',
  'hugeStrings',
  'nameless',
] as const;

/** Likewise, of download jobs only: what a job says of its file is not so. */
const FACT_FAULTS = [
  /** Another fileSize than the file has. */
  'wrongLength',
  /** The checkSum of another file. */
  'wrongCheckSum',
] as const;

export const ROW_FAULTS = [...LIST_ROW_FAULTS, ...FACT_FAULTS] as const;
export type RowFault = (typeof ROW_FAULTS)[number];

/** Faults that need no number of their own. */
const PLAIN_FAULTS = [
  /** The connection is reset instead of an answer. What was asked is executed. */
  'reset',
  /** Content-Length promises more than is sent. What was asked is executed. */
  'cutBody',
  /** Status 200 with a body that is not JSON. What was asked is executed. */
  'notJson',
  /** Huawei Cloud only: 400 CC.00000000, the busy answer that is no refusal. */
  'busy',
  /** Huawei Cloud only: 401 CC.00000003, and every token is void. */
  'tokenExpired',
  /** Huawei Cloud only: an error body under status 200. */
  'errorOn200',
  /** Huawei Cloud and the object store only: 302 to another host. */
  'redirect',
  /** Response headers above 16 KiB. */
  'hugeHeaders',
  /** A page without rows; the total is right. */
  'emptyPage',
  /** A page of fewer rows than asked, at least one. */
  'shortPage',
  /** The page of the List request before, whatever is asked. */
  'repeatPage',
  /** A row comes twice and pushes the last row off the page. */
  'duplicateRow',
  /** A total without relation to the list. */
  'totalRandom',
  'totalAbsent',
  /** The NextToken that was asked with comes again as the next one (token lists). */
  'repeatToken',
  /** A NextToken is refused, as an expired one is (token lists). */
  'refuseToken',
] as const;
/** What can happen to GetObject besides; other APIs pass it over. */
const OBJECT_FAULTS = [
  /** The link is refused, as an expired one is. */
  'linkExpired',
  /** Range is passed over: the whole file comes. */
  'noRange',
  /** The last byte is missing, and Content-Length agrees. */
  'shortFile',
  /** Another content under another ETag, by the same link. */
  'changedFile',
] as const;
type PlainFault = (typeof PLAIN_FAULTS)[number] | (typeof OBJECT_FAULTS)[number];

type PlainFaults = Readonly<Partial<Record<Refusal | RowFault | PlainFault, When>>>;

/** Everything that can go wrong, switchable at run time. A fault that is left out does not strike. */
export interface FaultOptions extends PlainFaults {
  /** Only requests of these APIs are struck and counted: `['ListDownloadJobs']`. @default every API */
  readonly apis?: readonly string[];
  /** Between requests: new jobs appear, random jobs go, the oldest jobs expire. */
  readonly insertJobs?: { readonly when: When; readonly jobs: number };
  readonly deleteJobs?: { readonly when: When; readonly jobs: number };
  readonly expireJobs?: { readonly when: When; readonly jobs: number };
  /** The server answers at most `rows`, whatever size is asked. */
  readonly pageCap?: { readonly when: When; readonly rows: number };
  /** The total is off by `by`, which may be negative; never below 0. */
  readonly totalOffset?: { readonly when: When; readonly by: number };
  /** The answer begins this late. */
  readonly delay?: { readonly when: When; readonly delayMs: number };
  /** The body takes this long, in ten pieces. */
  readonly trickle?: { readonly when: When; readonly durationMs: number };
}

/** What strikes one request. */
export interface FaultPlan {
  readonly refusal: Refusal | null;
  readonly plain: ReadonlySet<PlainFault>;
  readonly insertJobs: number;
  readonly deleteJobs: number;
  readonly expireJobs: number;
  /** Infinity when there is none. */
  readonly pageCapRows: number;
  readonly totalOffset: number;
  readonly delayMs: number;
  readonly trickleMs: number;
  /** For each row fault, the share of jobs that have it. */
  readonly rowShares: ReadonlyMap<RowFault, number>;
  /** Faults that one row of this answer has. */
  readonly oneRow: readonly RowFault[];
  /** 0 <= draw < 1, for choices inside the answer: how short, which row. */
  readonly draw: number;
}

/** Decides from the seed and the request's place alone. Data in, data out. */
export function planFaults(faults: FaultOptions, seed: number, request: number): FaultPlan {
  const strikes = (name: string, when: When | undefined): boolean => {
    if (when === undefined) return false;
    return typeof when === 'number'
      ? unitOf([seed, 'fault', name, request]) < when
      : when.at.includes(request);
  };
  const rowShares = new Map<RowFault, number>();
  for (const fault of ROW_FAULTS) {
    const when = faults[fault];
    if (typeof when === 'number' && when > 0) rowShares.set(fault, when);
  }
  const { insertJobs, deleteJobs, expireJobs, pageCap, totalOffset, delay, trickle } = faults;
  return {
    refusal: REFUSALS.find((name) => strikes(name, faults[name])) ?? null,
    plain: new Set(
      [...PLAIN_FAULTS, ...OBJECT_FAULTS].filter((name) => strikes(name, faults[name])),
    ),
    insertJobs: strikes('insertJobs', insertJobs?.when) ? (insertJobs?.jobs ?? 0) : 0,
    deleteJobs: strikes('deleteJobs', deleteJobs?.when) ? (deleteJobs?.jobs ?? 0) : 0,
    expireJobs: strikes('expireJobs', expireJobs?.when) ? (expireJobs?.jobs ?? 0) : 0,
    pageCapRows: strikes('pageCap', pageCap?.when) ? (pageCap?.rows ?? Infinity) : Infinity,
    totalOffset: strikes('totalOffset', totalOffset?.when) ? (totalOffset?.by ?? 0) : 0,
    delayMs: strikes('delay', delay?.when) ? (delay?.delayMs ?? 0) : 0,
    trickleMs: strikes('trickle', trickle?.when) ? (trickle?.durationMs ?? 0) : 0,
    rowShares,
    oneRow: ROW_FAULTS.filter(
      (name) => typeof faults[name] === 'object' && strikes(name, faults[name]),
    ),
    draw: unitOf([seed, 'draw', request]),
  };
}

/** Every fault that a listing can have, each with this probability (0..1) at each request or job; delays stay below a second. */
export function everyFault(probability: number): FaultOptions {
  const all: Partial<Record<Refusal | RowFault | PlainFault, When>> = {};
  for (const name of [...REFUSALS, ...LIST_ROW_FAULTS, ...PLAIN_FAULTS]) all[name] = probability;
  return {
    ...all,
    insertJobs: { when: probability, jobs: 2 },
    deleteJobs: { when: probability, jobs: 1 },
    expireJobs: { when: probability, jobs: 1 },
    pageCap: { when: probability, rows: 3 },
    totalOffset: { when: probability, by: 5 },
    delay: { when: probability, delayMs: 300 },
    trickle: { when: probability, durationMs: 500 },
  };
}

/** Every fault that the fetching of a file can have, each with this probability at each GetObject; delays stay below a second. */
export function everyObjectFault(probability: number): FaultOptions {
  const all: Partial<Record<Refusal | PlainFault, When>> = {};
  for (const name of [...REFUSALS, ...OBJECT_FAULTS]) all[name] = probability;
  return {
    ...all,
    apis: ['GetObject'],
    reset: probability,
    cutBody: probability,
    notJson: probability,
    delay: { when: probability, delayMs: 300 },
    trickle: { when: probability, durationMs: 500 },
  };
}
