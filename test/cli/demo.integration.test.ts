import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demoQueries } from '../../src/cli/demoQueries.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';

const testTimeoutMs = 150_000;

/** Command lines of the processes that have to do with this folder. */
function processesIn(folder: string): readonly string[] {
  return commandLines().filter((line) => line.includes(folder));
}

function commandLines(): readonly string[] {
  if (!existsSync('/proc/self/cmdline')) {
    return execFileSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  }
  return readdirSync('/proc').flatMap((entry) => {
    try {
      return [readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return []; // not a process, or one that has just ended
    }
  });
}

describe('the demo', () => {
  let work: Workplace;
  beforeAll(async () => {
    work = await openWorkplace({ config: '' });
    // For root the database server runs as another user, who must get in.
    chmodSync(work.folder, 0o755);
  });
  afterAll(() => work.close());

  it(
    'ends by itself with a summary, queries with their results, and no process left',
    async () => {
      const { exitCode, stdout } = await work.run('demo');
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^exports +17 +0 +[1-9].* 15 loaded /m);
      expect(stdout).toMatch(/^trail +5 +0 +[1-9]/m);
      expect(stdout).toMatch(/^checklogs +3 +0 +[1-9]/m);
      expect(stdout).toMatch(/^runbooks +73 +0 +[1-9]/m);
      expect(stdout).toMatch(/^errors +1[5-9]\d +0 +[1-9]/m);
      expect(stdout.match(/^select /gm)).toHaveLength(demoQueries.length);
      expect(stdout).toMatch(/^trail +5 +0 +[1-9]/m);
      expect(stdout).toMatch(/SUCCEEDED +15 /);
      expect(stdout).toMatch(/ERROR +2 /);
      expect(stdout).toMatch(/demo-errors +json +gzip .* t +(\d+) +\1 +loaded/);
      expect(stdout).toMatch(/RUNNING +SUCCEEDED +100/);
      expect(processesIn(work.folder)).toEqual([]);
    },
    testTimeoutMs,
  );

  it(
    'goes on with --keep, serves its pages, and leaves no process behind after Ctrl-C',
    async () => {
      const demo = work.start('demo', '--keep');
      await demo.says('The daemon goes on');
      const [, page = ''] = /Status page (\S+)/.exec(demo.stdout()) ?? [];
      expect((await fetch(page)).status).toBe(200);
      expect((await fetch(new URL('/queues', page))).status).toBe(200);
      demo.kill('SIGINT');
      const { exitCode } = await demo.ended;
      expect(exitCode).toBe(0);
      expect(processesIn(work.folder)).toEqual([]);
      const log = readFileSync(join(work.folder, '.logferry', 'demo', 'daemon.log'), 'utf8');
      expect(log).toContain('"event":"daemon_stopped"');
    },
    testTimeoutMs,
  );

  it('leaves no process behind when it is interrupted in the middle', async () => {
    const demo = work.start('demo');
    await demo.says('dashboard: ');
    expect(processesIn(work.folder)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('postgres'),
        expect.stringContaining('start --config'),
      ]),
    );
    demo.kill('SIGINT');
    const { exitCode } = await demo.ended;
    expect(exitCode).toBe(130);
    expect(processesIn(work.folder)).toEqual([]);
  });
});
