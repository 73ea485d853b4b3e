/** @type {import('jest').Config} */
const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' }, // './x.js' in source is x.ts here
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        sourceMaps: 'inline',
        module: { type: 'nodenext' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
      },
    ],
  },
};

export default {
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...base,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.mjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
      setupFilesAfterEnv: ['<rootDir>/test/support/matchers.ts'],
    },
  ],
  maxWorkers: '100%', // two cores would get one worker
  testTimeout: 120_000, // for a machine that is busy; nothing here waits for its own sake
  coverageProvider: 'v8', // the babel provider counts swc's decorator metadata as branches
  collectCoverageFrom: [
    'src/**/*.ts',
    'migrations/**/*.ts',
    '!src/**/*.spec.ts',
    // what only ever runs in a process or a thread of its own, where the tests run it and this count doesn't reach
    '!src/main.ts',
    '!src/cli/main.ts',
    '!src/process/development/embedded-server.ts',
    '!src/users/passwords/hash-worker.ts',
    '!src/process/{serve,shutdown,cluster}.ts',
  ],
  coverageThreshold: { global: { lines: 95 } },
};
