import { pickOf, unitOf, wholeOf } from '../random.ts';

const LEVELS = ['INFO', 'INFO', 'INFO', 'INFO', 'DEBUG', 'DEBUG', 'WARN', 'ERROR'] as const;
const MODULES = [
  'c.h.c.engine.Scanner',
  'c.h.c.engine.RuleLoader',
  'c.h.c.git.Checkout',
  'c.h.c.report.Merger',
] as const;
const MESSAGES = {
  INFO: ['checked', 'loaded rule set for', 'fetched', 'finished'],
  DEBUG: ['parsed', 'cache hit for', 'resolved imports of'],
  WARN: ['no compile database entry for', 'skipped generated file', 'slow rule on'],
  ERROR: ['could not parse', 'timed out on'],
} as const;
const FOLDERS = ['src/main/java/order', 'src/main/java/stock', 'lib/net', 'web/app'] as const;
const FILES = ['OrderService.java', 'Basket.java', 'socket.cpp', 'index.ts', 'Price.java'] as const;

/** A line of a code check's log, made up; the same parts give the same line. Its time carries no zone, as in Java's default. */
export function plausibleLine(seed: string, number: number, startMs: number): string {
  const parts = [seed, 'line', number] as const;
  const level = pickOf([...parts, 'level'], LEVELS);
  const at = new Date(startMs + number * 37).toISOString().replace('T', ' ').slice(0, 23);
  const thread = `pool-1-thread-${wholeOf([...parts, 'thread'], 1, 8)}`;
  const message = pickOf([...parts, 'message'], MESSAGES[level]);
  const file = `${pickOf([...parts, 'folder'], FOLDERS)}/${pickOf([...parts, 'file'], FILES)}`;
  const took = Math.round(unitOf([...parts, 'took']) * 900);
  return `${at} [${thread}] ${level} ${pickOf([...parts, 'module'], MODULES)} - ${message} ${file} (${took} ms)`;
}
