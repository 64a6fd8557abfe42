import { loadConfig } from '../config/loadConfig.ts';
import { openDatabase } from '../runtime/database.ts';
import { migrate } from '../sinks/postgres/migrate.ts';
import { sources } from '../sources/registry.ts';
import { EXIT, type CommonOptions, type ExitCode, type Shell } from './command.ts';

/** `logferry migrate`: applies pending migrations, and names them. */
export async function runMigrate(options: CommonOptions, shell: Shell): Promise<ExitCode> {
  const config = await loadConfig({ path: options.config, env: shell.env, sources });
  const log = shell.log(config.log.level);
  const database = await openDatabase(
    { url: config.database.url, directory: shell.directory, host: shell.host, log },
    shell.signal,
  );
  try {
    const applied = await migrate({ url: database.url });
    if (options.json) shell.out(JSON.stringify({ applied }));
    else if (applied.length === 0) shell.out('The database is up to date; nothing to apply.');
    else
      applied.forEach((name) => {
        shell.out(`applied ${name}`);
      });
    return EXIT.done;
  } finally {
    await database.release();
  }
}
