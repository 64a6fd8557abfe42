import type { ArchiveSpec, TrueLine } from './subJob.ts';
import { archiveBytes, trueLinesOf } from './subJob.ts';

/** A task of CodeArts Check: a repository that is checked now and then. */
export interface SimulatedTask {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly jobs: readonly SimulatedJob[];
}

/** One execution of a task. */
export interface SimulatedJob {
  readonly id: string;
  readonly status: 'running' | 'success' | 'failed' | 'aborted';
  readonly subJobIds: readonly string[];
  readonly startedAtMs: number;
}

export interface CheckOptions {
  /** Archives by sub-job id. @default none */
  readonly subJobs?: Readonly<Record<string, ArchiveSpec>>;
  /** @default none */
  readonly tasks?: readonly SimulatedTask[];
  /** Where an execution shows its sub-jobs: nobody documents it. @default 'ids' */
  readonly subJobsShown?: 'ids' | 'objects' | 'text' | 'nowhere';
}

/** What is really so in the simulated CodeArts Check, for tests to compare with and to change, past every fault. */
export interface CheckTruth {
  /** The archive of this sub-job from now on. */
  readonly put: (subJobId: string, archive: ArchiveSpec) => void;
  /** The service forgets the sub-job. */
  readonly remove: (subJobId: string) => void;
  readonly putTask: (task: SimulatedTask) => void;
  /** The lines of every plausible log there is now, by sub-job. */
  readonly lines: () => ReadonlyMap<string, readonly TrueLine[]>;
  /** Every token is void from now on. */
  readonly voidTokens: () => void;
}

/** The tasks, executions and archives of the simulated CodeArts Check. */
export class Checks {
  readonly #archives: Map<string, { readonly spec: ArchiveSpec; bytes: Buffer | null }>;
  readonly #tasks: Map<string, SimulatedTask>;
  readonly subJobsShown: NonNullable<CheckOptions['subJobsShown']>;

  constructor(options: CheckOptions) {
    const given = Object.entries(options.subJobs ?? {});
    this.#archives = new Map(given.map(([id, spec]) => [id, { spec, bytes: null }]));
    this.#tasks = new Map((options.tasks ?? []).map((task) => [task.id, task]));
    this.subJobsShown = options.subJobsShown ?? 'ids';
  }

  put(subJobId: string, spec: ArchiveSpec): void {
    this.#archives.set(subJobId, { spec, bytes: null });
  }

  remove(subJobId: string): void {
    this.#archives.delete(subJobId);
  }

  putTask(task: SimulatedTask): void {
    this.#tasks.set(task.id, task);
  }

  /** The archive as it is sent; packed once. @returns null when there is no such sub-job */
  archive(subJobId: string): Buffer | null {
    const known = this.#archives.get(subJobId);
    if (known === undefined) return null;
    known.bytes ??= archiveBytes(known.spec);
    return known.bytes;
  }

  lines(): ReadonlyMap<string, readonly TrueLine[]> {
    return new Map([...this.#archives].map(([id, { spec }]) => [id, trueLinesOf(spec)]));
  }

  tasksOf(projectId: string): readonly SimulatedTask[] {
    return [...this.#tasks.values()].filter((task) => task.projectId === projectId);
  }

  task(id: string): SimulatedTask | null {
    return this.#tasks.get(id) ?? null;
  }
}
