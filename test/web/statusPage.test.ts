import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ago } from '../../src/web/ago.ts';
import { html } from '../../src/web/html.ts';
import { statusPage } from '../../src/web/statusPage.ts';
import { streamHealth } from '../../src/web/streamHealth.ts';
import { exportsStatus, nowMs } from './someWeb.ts';
import type { StatusPageData } from '../../src/web/statusPage.ts';

const good = { ok: true, says: 'answers' };
const inOrder: StatusPageData = {
  health: { ready: true, database: good, queue: good, scheduler: good },
  streams: [{ ...exportsStatus, files: { loaded: 3 } }],
  queues: { walk: { waiting: 0, failed: 0 } },
  nowMs,
};

describe('statusPage', () => {
  it('does not call everything in order while a file is not loaded whole', () => {
    const page = statusPage({ ...inOrder, streams: [exportsStatus] });
    expect(page).toContain('2 files are not loaded whole.');
    expect(page).toContain('2 incomplete');
    expect(page).not.toContain('in order');
  });

  it('says that everything is in order only when nothing needs a look', () => {
    expect(statusPage(inOrder)).toContain('Everything is in order.');
    const troubles: StatusPageData[] = [
      {
        ...inOrder,
        health: { ...inOrder.health, ready: false, scheduler: { ok: false, says: 'silent' } },
      },
      { ...inOrder, streams: [withOutcome('incomplete', 'the list kept moving')] },
      { ...inOrder, streams: [withOutcome('failed', 'ProjectNotExist')] },
    ];
    for (const trouble of troubles) {
      expect(statusPage(trouble)).toContain('1 thing needs a look.');
      expect(statusPage(trouble)).toContain('<title>(1) LogFerry</title>');
    }
  });

  it('shows why a walk is incomplete', () => {
    const page = statusPage({ ...inOrder, streams: [withOutcome('incomplete', 'total lied')] });
    expect(page).toContain('total lied');
  });

  it('escapes whatever came from a provider or a configuration', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const hostile = `<script>alert(1)</script>"'&${text}`;
        const page = statusPage({ ...inOrder, streams: [withOutcome('incomplete', hostile)] });
        expect(page).not.toContain('<script');
      }),
    );
  });

  it('has no script and no asset from elsewhere', () => {
    expect(statusPage(inOrder)).not.toMatch(/<script|https?:|@import|url\(/);
  });

  it('stays a page while the database and the queue are away', () => {
    const away = { ok: false, says: 'does not answer' };
    const health = { ready: false, database: away, queue: away, scheduler: away };
    const page = statusPage({ health, streams: null, queues: null, nowMs });
    expect(page).toContain('3 things need a look.');
  });
});

describe('html', () => {
  it('escapes parts in text and attributes, and keeps Html parts', () => {
    const inner = html`<b>${'<&>"\''}</b>`;
    expect(html`<p title="${'"x'}">${inner}${[inner]}</p>`.html).toBe(
      '<p title="&quot;x"><b>&lt;&amp;&gt;&quot;&#39;</b><b>&lt;&amp;&gt;&quot;&#39;</b></p>',
    );
  });
});

describe('streamHealth', () => {
  it('is good only after a complete walk', () => {
    const outcomes = ['complete', 'incomplete', 'failed', 'running', 'superseded', 'new outcome'];
    const good = outcomes.filter(
      (outcome) => streamHealth(withOutcome(outcome, null)).level === 'good',
    );
    expect(good).toEqual(['complete']);
  });

  it('asks for a look at a running walk whose last attempt failed', () => {
    expect(streamHealth(withOutcome('running', null)).level).toBe('wait');
    const { lastWalk } = withOutcome('running', null);
    if (lastWalk === null) throw new Error('the fixture has a walk');
    const failing = { ...exportsStatus, lastWalk: { ...lastWalk, error: 'connection reset' } };
    expect(streamHealth(failing)).toMatchObject({ level: 'look', reason: 'connection reset' });
  });
});

describe('ago', () => {
  it.each([
    [-5_000, '0 s ago'],
    [119_000, '119 s ago'],
    [120_000, '2 min ago'],
    [7_200_000, '2 h ago'],
    [172_800_000, '2 d ago'],
  ])('tells %d ms as %s', (ageMs, text) => {
    expect(ago(nowMs - ageMs, nowMs)).toBe(text);
  });
});

function withOutcome(outcome: string, incompleteReason: string | null): typeof exportsStatus {
  const walk = { startedAtMs: nowMs - 2_000, finishedAtMs: nowMs - 1_000, error: null };
  return { ...exportsStatus, lastWalk: { ...walk, outcome, incompleteReason } };
}
