/** The layer rules of docs/architecture.md, as failing checks. */
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|workers)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only('domain-is-pure', 'domain imports nothing outside itself', '^src/domain/', '^src/domain/'),
    {
      name: 'domain-has-no-dependencies',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['npm', 'core'] },
    },
    only(
      'sources-are-data',
      'sources import domain, the provider contracts and zod',
      '^src/sources/',
      '^src/(domain|sources)/|^src/providers/(apiRequest|sourceError)\\.ts$',
    ),
    {
      name: 'sources-use-zod-only',
      severity: 'error',
      from: { path: '^src/sources/' },
      to: { dependencyTypes: ['npm', 'core'], pathNot: 'node_modules/zod/' },
    },
    only(
      'engine-talks-to-ports',
      'engine orchestrates against ports',
      '^src/engine/',
      '^src/(domain|sources|engine)/|^src/sinks/(sink|entrySink)\\.ts$|^src/providers/(apiRequest|sourceError)\\.ts$',
    ),
    only(
      'simulator-is-independent',
      'the simulator shares no code with the client it checks',
      '^src/simulator/',
      '^src/simulator/',
    ),
    {
      name: 'prisma-in-the-postgres-sink-only',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^src/sinks/postgres' },
      to: { path: 'node_modules/@prisma/' },
    },
    {
      name: 'bullmq-in-queue-workers-web-only',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^(src/(queue|web)|workers)/' },
      to: { path: 'node_modules/(bullmq|ioredis)/' },
    },
    {
      name: 'archives-in-the-file-engine-only',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^src/files/' },
      to: { path: 'node_modules/((@types/)?yauzl|fzstd|xxhash-wasm)/' },
    },
    {
      name: 'nothing-imports-workers-or-cli',
      comment: 'src/cli/start.ts is the one door to the daemon',
      severity: 'error',
      from: { path: '^(src|workers)/', pathNot: '^(workers|src/cli)/' },
      to: { path: '^(workers|src/cli)/' },
    },
    {
      name: 'only-start-opens-the-daemon',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/start\\.ts$' },
      to: { path: '^workers/' },
    },
    {
      name: 'workers-do-not-import-cli',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/generated/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
    },
  },
};
