import type { Html } from './html.ts';

/** The status page's look: readable at arm's length, light or dark as the reader's system is. A constant: nothing to escape. */
export const pageStyle: Html = {
  html: `
:root { color-scheme: light dark; --ink: #1d2733; --faint: #5d6b7a; --line: #d8dee6; --ground: #fff;
  --good: #17803d; --wait: #5d6b7a; --look: #b42318; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6ebf1; --faint: #9aa7b5; --line: #33404e; --ground: #131a22;
    --good: #4ac47a; --wait: #9aa7b5; --look: #ff8a7a; }
}
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.5rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 0.5rem; }
nav a { margin-left: 1rem; }
a { color: inherit; }
.summary { font-size: 1.25rem; font-weight: 600; margin: 1rem 0 0.5rem; }
.summary.good, .checks .good b { color: var(--good); }
.summary.look, .checks .look, .attention { color: var(--look); }
.checks { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; list-style: none; margin: 0; padding: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.5rem 0.75rem 0.5rem 0; text-align: left;
  vertical-align: top; }
th { color: var(--faint); font-weight: 500; }
td small { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.badge { border: 1px solid currentColor; border-radius: 0.75rem; font-size: 0.875rem; padding: 0 0.6rem; }
.badge.good { color: var(--good); }
.badge.wait { color: var(--wait); }
.badge.look { color: var(--look); }
.reason { color: var(--look); margin: 0.25rem 0 0; overflow-wrap: anywhere; }
small, footer { color: var(--faint); }
footer { margin: 1.5rem 0; font-size: 0.875rem; }
`,
};
