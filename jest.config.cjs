const { availableParallelism } = require('node:os');

/** Sources are compiled per file by swc; types are checked by `npm run types`. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // For tests that hang. Far above the patience of the helpers, whose errors say what did not come, and above what a computation
  // takes on a busy machine.
  testTimeout: 300_000,
  // Each runs a bus with processes and threads of its own. A third on two cores held up posts for more than their second.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // A dynamic import names the compiled file, as Node's own rules ask.
  moduleNameMapper: {
    '^\\./(api-gateway-sender|server)\\.js$': './$1',
    '^(\\.{1,2}/(?:\\.\\./)?(?:bin|bin/\\w+|context|gateway|console/server|mcp|operate)/[\\w-]+)\\.js$': '$1',
  },
  setupFiles: ['<rootDir>/test/setup.cjs'],
  collectCoverageFrom: [
    'lib/**/*.ts',
    'lambda/**/*.ts',
    'protocol/**/*.ts',
    'gateway/**/*.ts',
    'tokens/**/*.ts',
  ],
  coverageReporters: ['text-summary', 'lcov'],
};
