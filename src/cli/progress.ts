import cliProgress from 'cli-progress';

/** One thing that takes long, shown while it goes on. */
export interface ProgressLine {
  /** `total` null: not known yet. */
  update(at: { readonly done: number; readonly total: number | null; readonly note: string }): void;
  /** Shows the last state for good. */
  finish(note: string): void;
}

export interface Progress {
  line(name: string): ProgressLine;
  /** Ends the drawing and gives the terminal back. */
  stop(): void;
}

const plainEveryMs = 5_000;

/** Bars on a terminal, a plain line every 5 s elsewhere; always on stderr. */
export function createProgress(shell: {
  readonly isTerminal: boolean;
  readonly note: (line: string) => void;
}): Progress {
  return shell.isTerminal
    ? bars()
    : plainLines((line) => {
        shell.note(line);
      });
}

function bars(): Progress {
  const multi = new cliProgress.MultiBar(
    {
      format: '{name} [{bar}] {percentage}% {value}/{total}  {note}',
      barsize: 28,
      hideCursor: true,
      clearOnComplete: false,
      emptyOnZero: true,
      autopadding: true,
    },
    cliProgress.Presets.legacy,
  );
  return {
    line: (name) => {
      const bar = multi.create(1, 0, { name: name.padEnd(14), note: '' });
      return {
        update: ({ done, total, note }) => {
          bar.setTotal(Math.max(1, total ?? done));
          bar.update(done, { note });
        },
        finish: (note) => {
          bar.update(bar.getTotal(), { note });
        },
      };
    },
    stop: () => {
      multi.stop();
    },
  };
}

function plainLines(print: (line: string) => void): Progress {
  return {
    line: (name) => {
      let printedAtMs = Date.now();
      return {
        update: ({ done, total, note }) => {
          const nowMs = Date.now();
          if (nowMs - printedAtMs < plainEveryMs) return;
          printedAtMs = nowMs;
          const share = total === null ? '' : ` of ${total} (${percent(done, total)} %)`;
          print(`${name}: ${done}${share} ${note}`.trimEnd());
        },
        finish: (note) => {
          print(`${name}: ${note}`);
        },
      };
    },
    stop: () => undefined,
  };
}

function percent(done: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total));
}
