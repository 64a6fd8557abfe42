import { ago, utcText } from './ago.ts';
import { html } from './html.ts';
import { pageStyle } from './pageStyle.ts';
import { streamHealth } from './streamHealth.ts';
import { FILE_STATUSES } from '../sinks/downloadSink.ts';
import type { FileCounts, StreamStatus } from '../sinks/sink.ts';
import type { Check, Health } from './health.ts';
import type { Html } from './html.ts';

export interface StatusPageData {
  readonly health: Health;
  /** null: the database did not answer. */
  readonly streams: readonly StreamStatus[] | null;
  /** Queue jobs by queue and state; null: the queue did not answer. */
  readonly queues: Readonly<Record<string, Readonly<Record<string, number>>>> | null;
  readonly nowMs: number;
}

/** Seconds between two reloads of the page. */
const reloadSeconds = 15;

/** The page an operator opens first: what needs a look stands on top, in words. No script, no asset from elsewhere. */
export function statusPage(data: StatusPageData): string {
  const { health, streams, queues, nowMs } = data;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="refresh" content="${reloadSeconds}" />
        <title>${titleOf(data)}</title>
        <style>
          ${pageStyle}
        </style>
      </head>
      <body>
        <header>
          <h1>LogFerry</h1>
          <nav>
            <a href="/queues">Queues</a> <a href="/metrics">Metrics</a>
            <a href="/readyz">Readiness</a>
          </nav>
        </header>
        ${summary(data)}
        <ul class="checks">
          ${check('Database', health.database)} ${check('Queue', health.queue)}
          ${check('Scheduler', health.scheduler)}
        </ul>
        ${streams === null ? html`` : streamTable(streams, nowMs)}
        ${queues === null ? html`` : queueTable(queues)}
        <footer>As of ${utcText(nowMs)}; reloads every ${reloadSeconds} s.</footer>
      </body>
    </html>`.html;
}

function troubles({ health, streams }: StatusPageData): number {
  const parts = [health.database, health.queue, health.scheduler].filter(({ ok }) => !ok);
  const looks = (streams ?? []).filter((stream) => streamHealth(stream).level === 'look');
  return parts.length + looks.length;
}

function titleOf(data: StatusPageData): string {
  const count = troubles(data);
  return count === 0 ? 'LogFerry' : `(${count}) LogFerry`;
}

function summary(data: StatusPageData): Html {
  const count = troubles(data);
  const files = unloadedFiles(data.streams ?? []);
  if (count === 0 && files > 0) {
    return html`<p class="summary">
      Everything runs. ${files} ${files === 1 ? 'file is' : 'files are'} not loaded whole.
    </p>`;
  }
  if (count === 0) return html`<p class="summary good">Everything is in order.</p>`;
  return html`<p class="summary look">
    ${count} ${count === 1 ? 'thing needs' : 'things need'} a look.
  </p>`;
}

/** Files that will not be loaded any further by themselves. */
function unloadedFiles(streams: readonly StreamStatus[]): number {
  return streams.reduce(
    (sum, { files: { incomplete = 0, failed = 0 } }) => sum + incomplete + failed,
    0,
  );
}

function check(name: string, { ok, says }: Check): Html {
  return html`<li class="${ok ? 'good' : 'look'}"><b>${name}</b> ${says}</li>`;
}

function streamTable(streams: readonly StreamStatus[], nowMs: number): Html {
  if (streams.length === 0) return html`<p>No stream has been registered yet.</p>`;
  return html`<h2>Streams</h2>
    <table>
      <thead>
        <tr>
          <th>Stream</th>
          <th>Last walk</th>
          <th>Last complete walk</th>
          <th class="number">Entries</th>
          <th class="number">Open jobs</th>
          <th class="number">Rejected</th>
          <th>Files</th>
        </tr>
      </thead>
      <tbody>
        ${streams.map((stream) => streamRow(stream, nowMs))}
      </tbody>
    </table>`;
}

function streamRow(stream: StreamStatus, nowMs: number): Html {
  const { level, verdict, reason } = streamHealth(stream);
  const { lastWalk, lastCompleteWalkAtMs: completeAtMs } = stream;
  return html`<tr>
    <td><b>${stream.name}</b><br /><small>${stream.source} · ${stream.account}</small></td>
    <td>
      <span class="badge ${level}">${verdict}</span>
      ${lastWalk === null ? '' : time(lastWalk.finishedAtMs ?? lastWalk.startedAtMs, nowMs)}
      ${reason === null ? '' : html`<p class="reason">${reason}</p>`}
    </td>
    <td>${completeAtMs === null ? 'never' : time(completeAtMs, nowMs)}</td>
    <td class="number">${stream.entries.toLocaleString('en')}</td>
    <td class="number">${stream.openJobs.toLocaleString('en')}</td>
    <td class="number ${stream.rejected > 0 ? 'attention' : ''}">
      ${stream.rejected.toLocaleString('en')}
    </td>
    <td>${fileCounts(stream.files)}</td>
  </tr>`;
}

function fileCounts(files: FileCounts): readonly Html[] {
  return FILE_STATUSES.flatMap((status) => {
    const count = files[status] ?? 0;
    if (count === 0) return [];
    const alarming = status === 'incomplete' || status === 'failed';
    const text = `${count.toLocaleString('en')} ${status}`;
    return [html`<span class="${alarming ? 'attention' : ''}">${text}</span><br />`];
  });
}

function time(timeMs: number, nowMs: number): Html {
  return html`<time title="${utcText(timeMs)}">${ago(timeMs, nowMs)}</time>`;
}

const states = ['waiting', 'active', 'delayed', 'failed', 'paused', 'completed'];

function queueTable(queues: NonNullable<StatusPageData['queues']>): Html {
  const row = ([name, counts]: [string, Readonly<Record<string, number>>]): Html =>
    html`<tr>
      <td><a href="/queues/queue/${name}">${name}</a></td>
      ${states.map((state) => countCell(state, counts[state] ?? 0))}
    </tr>`;
  return html`<h2>Queue jobs</h2>
    <table>
      <thead>
        <tr>
          <th>Queue</th>
          ${states.map((state) => html`<th class="number">${state}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${Object.entries(queues).map(row)}
      </tbody>
    </table>`;
}

function countCell(state: string, count: number): Html {
  const alarming = state === 'failed' && count > 0;
  return html`<td class="number ${alarming ? 'attention' : ''}">${count}</td>`;
}
