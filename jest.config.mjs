import { availableParallelism } from 'node:os';

/** Two projects: `unit` needs nothing, `integration` starts its own PostgreSQL and Redis (test/support). */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
    'node_modules/content-disposition/.+\\.js$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'ecmascript' }, target: 'es2022' },
        module: { type: 'commonjs' },
      },
    ],
  },
  // Comes with Bull Board's static files: ESM only, required by CommonJS, which jest's loader refuses.
  transformIgnorePatterns: ['/node_modules/(?!content-disposition/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.logferry/'],
  injectGlobals: false,
};

export default {
  // Most tests wait for processes, timers and fsync more than they compute: two at a time even on two cores.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['\\.integration\\.test\\.ts$'],
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/**/*.integration.test.ts'],
    },
  ],
  reporters: ['default', '<rootDir>/test/support/closingLine.mjs'],
  testTimeout: 60_000,
};
