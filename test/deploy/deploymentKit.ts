import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as readYaml } from 'yaml';
import { z } from 'zod';

/** The top of the checkout. */
export const root = process.cwd();

/** The text of a file of the checkout. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const service = z.object({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  healthcheck: z
    .object({ disable: z.boolean().optional(), test: z.array(z.string()).optional() })
    .optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  restart: z.string().optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
});
const compose = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.unknown()),
});

/** One service of docker-compose.yml, merge keys resolved. */
export type ComposeService = z.output<typeof service>;

/** docker-compose.yml as data. */
export function readCompose(): z.output<typeof compose> {
  return compose.parse(readYaml(textOf('docker-compose.yml'), { merge: true }));
}

export interface Instruction {
  readonly name: string;
  readonly args: string;
}

/** The Dockerfile as its instructions, one list for each stage. */
export function readDockerfile(): readonly (readonly Instruction[])[] {
  const instructions = textOf('Dockerfile')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', ...args] = line.trim().split(/\s+/);
      return { name, args: args.join(' ') };
    });
  return instructions.reduce<readonly (readonly Instruction[])[]>(
    (stages, instruction) =>
      instruction.name === 'FROM'
        ? [...stages, [instruction]]
        : [...stages.slice(0, -1), [...(stages.at(-1) ?? []), instruction]],
    [],
  );
}
