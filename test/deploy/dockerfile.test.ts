import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readDockerfile, root, textOf } from './deploymentKit.ts';
import type { Instruction } from './deploymentKit.ts';

const stages = readDockerfile();
const last = stages.at(-1) ?? [];
const of = (name: string, stage: readonly Instruction[]): readonly string[] =>
  stage.filter((instruction) => instruction.name === name).map((instruction) => instruction.args);

/** What the copies of a stage take from the checkout; what they take from another stage is left out. */
const copied = (stage: readonly Instruction[]): readonly string[] =>
  of('COPY', stage)
    .filter((args) => !args.startsWith('--from='))
    .flatMap((args) => args.split(' ').slice(0, -1));

describe('Dockerfile', () => {
  it('builds in one stage and runs in another, on a Node.js that the project supports', () => {
    expect(stages.map((stage) => of('FROM', stage)[0])).toEqual([
      'node:22-bookworm-slim AS build',
      'node:22-bookworm-slim',
    ]);
  });

  it('copies only what is there, and what .dockerignore lets through', () => {
    const allowed = textOf('.dockerignore').split('\n');
    const paths = [...new Set(stages.flatMap(copied))];
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) {
      expect({ path, exists: existsSync(join(root, path)) }).toEqual({ path, exists: true });
      expect(allowed).toContain(`!${path.replace(/^\.\//, '')}`);
    }
    expect(allowed[0]).toBe('*');
  });

  it('carries the built code and the migrations', () => {
    expect(of('COPY', last)).toEqual(
      expect.arrayContaining(['--from=build /app/dist ./dist', 'prisma ./prisma']),
    );
  });

  it('installs the locked packages without those of development', () => {
    const installs = stages.map((stage) => of('RUN', stage).filter((run) => run.includes('npm ')));
    expect(installs.flat().every((run) => run.startsWith('npm ci '))).toBe(true);
    expect(installs.at(-1)?.join()).toContain('--omit=dev --omit=optional');
  });

  it('does not run as root', () => {
    expect(of('USER', last)).toEqual(['node']);
  });

  it('starts the program that package.json names, so that it receives SIGTERM itself', () => {
    const { bin } = JSON.parse(textOf('package.json')) as { bin: { logferry: string } };
    const program = bin.logferry.replace('./', '');
    expect(of('CMD', last)).toEqual([`["node", "${program}", "start"]`]);
    expect(of('STOPSIGNAL', last)).toEqual(['SIGTERM']);
  });

  it('asks /healthz on the port of the deployed configuration', () => {
    const [check = ''] = of('HEALTHCHECK', last);
    expect(check).toContain('http://127.0.0.1:8080/healthz');
    expect(of('EXPOSE', last)).toEqual(['8080']);
    expect(textOf('deploy/logferry.yaml')).toContain('port: 8080');
  });

  it('holds no secret', () => {
    expect(textOf('Dockerfile')).not.toMatch(/password|secret|access_?key|token/i);
  });
});
