import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { systemCodeOf } from './embeddedError.ts';

/** What is needed of the running process; callers pass `process` itself. */
export interface HostProcess {
  readonly platform: string;
  readonly arch: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent on Windows. */
  getuid?(): number;
  kill(pid: number, signal: 0): true;
}

/**
 * Names a running process so that another one that gets the same pid later has another name; null when none runs.
 * Where the system does not tell when a process started (Windows), only the pid is compared.
 */
export function identityOf(
  host: Pick<HostProcess, 'platform' | 'kill'>,
  pid: number,
): string | null {
  if (!isAlive(host, pid)) return null;
  if (host.platform === 'linux') {
    const stat = readText(`/proc/${pid}/stat`);
    // Fields are counted after the command's closing parenthesis: the command itself may hold spaces and parentheses.
    const started = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${started ?? ''}`;
  }
  if (host.platform === 'win32') return 'alive';
  return askPs(pid, 'lstart') ?? 'alive';
}

/** The command line of a process, arguments separated by NUL or space; null when it cannot be read. */
export function commandLineOf(host: Pick<HostProcess, 'platform'>, pid: number): string | null {
  return host.platform === 'linux' ? readText(`/proc/${pid}/cmdline`) : askPs(pid, 'command');
}

/** True also for processes of other users. */
export function isAlive(host: Pick<HostProcess, 'kill'>, pid: number): boolean {
  try {
    return host.kill(pid, 0);
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // the process is gone, or hidden
  }
}

function askPs(pid: number, field: 'lstart' | 'command'): string | null {
  try {
    return execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return null; // ps exits 1 when the process is gone
  }
}
