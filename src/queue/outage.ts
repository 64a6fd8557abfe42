import { within } from './within.ts';
import type { Log } from '../engine/ports.ts';

/** What hears the errors of every connection of a queue backend. */
export interface OutageWatch {
  /** True from the first failed probe until the server answers again. */
  readonly isOut: () => boolean;
  /** Never throws. */
  readonly report: (error: Error) => void;
  readonly stop: () => void;
}

/**
 * Logs one line when the queue server goes away and one when it is back, however many connections fail and retry meanwhile.
 * Whether it is away is asked (a probe), not read from error texts: an error while the server answers is logged by itself.
 */
export function watchOutages(options: {
  readonly log: Log;
  /** Which server, without credentials. */
  readonly server: string;
  readonly probe: () => Promise<unknown>;
  readonly probeEveryMs?: number;
  readonly probeTimeoutMs?: number;
}): OutageWatch {
  const { log, server, probe, probeEveryMs = 1_000, probeTimeoutMs = 2_000 } = options;
  let state: 'up' | 'checking' | 'out' | 'stopped' = 'up';
  let timer: NodeJS.Timeout | undefined;

  const answers = async (): Promise<boolean> => {
    try {
      return (await within(probe(), probeTimeoutMs)) !== 'late';
    } catch {
      return false; // The probe's whole question is whether this happens.
    }
  };
  const check = async (error: Error): Promise<void> => {
    const up = await answers();
    if (state !== 'checking') return;
    if (up) {
      state = 'up';
      log.warn({ event: 'queue_error', server, error: error.message }, 'queue error');
      return;
    }
    state = 'out';
    log.error({ event: 'queue_lost', server, error: error.message }, 'queue server unreachable');
    awaitReturn();
  };
  const awaitReturn = (): void => {
    timer = setTimeout(() => {
      void answers().then((up) => {
        if (state !== 'out') return;
        if (!up) {
          awaitReturn();
          return;
        }
        state = 'up';
        log.info({ event: 'queue_restored', server }, 'queue server reachable again');
      });
    }, probeEveryMs);
    timer.unref();
  };

  return {
    isOut: () => state === 'out',
    report: (error) => {
      if (state !== 'up') return;
      state = 'checking';
      void check(error);
    },
    stop: () => {
      state = 'stopped';
      clearTimeout(timer);
    },
  };
}
