import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** They run commands in the test's own process, where a signal, once given, stands for all that come after. */
const ownProcess = ['test/unit/jobs/collect/command.test.ts', 'test/unit/simulator/commands.test.ts']

export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    // One more than there are cores: many of these tests wait for processes that they started.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 180_000,
    hookTimeout: 300_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: ['test/stack/**', 'test/hosts/**', 'test/stack-hosts/**', ...ownProcess],
          // Modules are loaded once a worker instead of once a file, which was a fifth of the whole run.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'own process', include: ownProcess } },
    ],
  },
})
