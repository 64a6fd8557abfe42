/** Name of the schedulers' heartbeat in the sink: written at every tick, asked by readiness. */
export const schedulerBeat = 'scheduler';
