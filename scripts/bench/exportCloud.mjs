/**
 * The simulator in a process of its own, with one finished export job: `exportCloud.mjs '<options of bulkExportsScenario>'`. Prints
 * its address; ends with SIGTERM.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [options = '{}'] = process.argv.slice(2);
const built = (path) =>
  import(
    pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'src', 'simulator', path)).href
  );
const { bulkExportsScenario } = await built('scenario.js');
const { startSimulator } = await built('server.js');
const simulator = await startSimulator(
  bulkExportsScenario({ ...JSON.parse(options), count: 1, nowMs: Date.now() }),
);
process.stdout.write(`${simulator.url}\n`);
process.once('SIGTERM', () => void simulator.close());
