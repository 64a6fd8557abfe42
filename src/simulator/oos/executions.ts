import type { Moment } from '../jobList.ts';
import { pickOf, unitOf } from '../random.ts';
import type { Execution, ExecutionLog, ExecutionSpec } from './execution.ts';
import { completeExecution, endedAtMs, firingLogs } from './execution.ts';

/** How entries are listed. The service documents no order, so clients must live with each. */
export type LogOrder = 'newest-first' | 'oldest-first';

export interface OosOptions {
  readonly executions?: readonly ExecutionSpec[];
  /** @default newest-first */
  readonly order?: LogOrder;
  /** Log entries; larger MaxResults are capped without a word. @default 100 */
  readonly logsPerPageMax?: number;
  /** A token that is older is refused. @default 5 min */
  readonly tokenLifeMs?: number;
}

interface Running {
  readonly execution: Execution;
  /** What is listed, oldest first. */
  readonly listed: ExecutionLog[];
  /** What is still to come of its own logs. */
  pending: readonly ExecutionLog[];
  /** The parent of a trigger, which logs at every firing. */
  readonly isTrigger: boolean;
  firings: number;
}

/** Catching up on a long silence is cut here. */
const FIRINGS_MAX = 10_000;

/** The executions of a region. Time comes in with every call; nothing runs in the background. */
export class Executions {
  readonly order: LogOrder;
  readonly logsPerPageMax: number;
  readonly tokenLifeMs: number;
  readonly seed: string;
  readonly #running = new Map<string, Running>();

  constructor(options: OosOptions, world: { readonly seed: number; readonly nowMs: number }) {
    this.order = options.order ?? 'newest-first';
    this.logsPerPageMax = options.logsPerPageMax ?? 100;
    this.tokenLifeMs = options.tokenLifeMs ?? 300_000;
    this.seed = `${world.seed}/oos`;
    for (const spec of options.executions ?? []) this.add(spec, world.nowMs);
    this.advance({ nowMs: world.nowMs });
  }

  /** @throws Error when the id is taken */
  add(spec: ExecutionSpec, nowMs: number): void {
    if (this.#running.has(spec.id)) throw new Error(`execution ${spec.id} exists already`);
    const execution = completeExecution(spec, { seed: this.seed, nowMs });
    const isTrigger = execution.ending === 'never' && spec.logs === undefined;
    const pending = isTrigger ? [] : execution.logs;
    this.#running.set(spec.id, { execution, listed: [], pending, isTrigger, firings: 0 });
  }

  /** DeleteExecutions. @returns false when there is none of that id */
  delete(id: string): boolean {
    return this.#running.delete(id);
  }

  /** Lets every entry appear that is due. */
  advance({ nowMs }: Pick<Moment, 'nowMs'>): void {
    for (const running of this.#running.values()) {
      const { execution } = running;
      const due = running.pending.filter(({ atMs }) => atMs <= nowMs);
      running.pending = running.pending.slice(due.length);
      for (const log of due) this.#list(running, log);
      if (!running.isTrigger || execution.startedAtMs > nowMs) continue;
      const firings = Math.floor((nowMs - execution.startedAtMs) / execution.firesEveryMs) + 1;
      for (const last = Math.min(firings, running.firings + FIRINGS_MAX); running.firings < last;) {
        for (const log of firingLogs(execution, running.firings)) this.#list(running, log);
        running.firings += 1;
      }
    }
  }

  /** One more entry in an execution, at this moment. @throws Error when there is none of that id */
  log(id: string, log: ExecutionLog): void {
    const running = this.#running.get(id);
    if (running === undefined) throw new Error(`there is no execution ${id}`);
    this.#list(running, log);
  }

  /** `rows` more entries in some execution that has not ended, often twins of its last one. `draw` names the choice. */
  logSomewhere(draw: string, rows: number, nowMs: number): void {
    const open = this.all(nowMs).filter((execution) => endedAtMs(execution, nowMs) === null);
    const [first, ...others] = open;
    if (first === undefined) return;
    for (let n = 0; n < rows; n += 1) {
      const key = [this.seed, draw, n];
      const { id } = pickOf(key, [first, ...others]);
      const last = this.#running.get(id)?.listed.at(-1);
      const isTwin = last !== undefined && unitOf([...key, 'twin']) < 0.5;
      const fresh = { taskExecutionId: `${id}.t0010`, logType: 'System', message: `Step ${draw}.` };
      this.log(id, isTwin ? last : { ...fresh, atMs: nowMs });
    }
  }

  find(id: string, nowMs: number): Execution | undefined {
    const execution = this.#running.get(id)?.execution;
    return execution === undefined || execution.startedAtMs > nowMs ? undefined : execution;
  }

  /** Every execution that has started, the last one first. */
  all(nowMs: number): readonly Execution[] {
    return [...this.#running.values()]
      .map(({ execution }) => execution)
      .filter(({ startedAtMs }) => startedAtMs <= nowMs)
      .sort((a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? -1 : 1));
  }

  /** The entries of an execution as they are listed now; none when there is none of that id. */
  logs(id: string): readonly ExecutionLog[] {
    const listed = this.#running.get(id)?.listed ?? [];
    return this.order === 'oldest-first' ? listed : [...listed].reverse();
  }

  #list({ listed }: Running, log: ExecutionLog): void {
    listed.push(log);
  }
}
