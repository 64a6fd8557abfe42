import type { StreamStatus } from '../sinks/sink.ts';

/** good: nothing to do. wait: no verdict yet. look: a human should look. */
type Level = 'good' | 'wait' | 'look';

interface StreamHealth {
  readonly level: Level;
  /** One or two words: `complete`. */
  readonly verdict: string;
  /** Why, when there is a why: the incomplete reason, the error. */
  readonly reason: string | null;
}

/** What the stream's last walk says about it. Data in, data out. */
export function streamHealth(
  status: Pick<StreamStatus, 'lastWalk' | 'lastCompleteWalkAtMs'>,
): StreamHealth {
  const { lastWalk } = status;
  if (lastWalk === null) return { level: 'wait', verdict: 'not walked yet', reason: null };
  const { outcome, incompleteReason, error } = lastWalk;
  const reason = incompleteReason ?? error;
  switch (outcome) {
    case 'complete':
      return { level: 'good', verdict: 'complete', reason: null };
    case 'running':
      // A walk that is tried again carries the error of its last attempt.
      return { level: error === null ? 'wait' : 'look', verdict: 'walking', reason };
    case 'superseded':
      return { level: 'wait', verdict: 'superseded', reason };
    default:
      return { level: 'look', verdict: outcome, reason };
  }
}
