import type { Log } from '../../src/engine/ports.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function recordingLog(): Log & { readonly lines: LogLine[]; events(): unknown[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: object) => {
    lines.push({ level, fields: { ...fields } });
  };
  return {
    lines,
    events: () => lines.map(({ fields }) => fields['event']),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
