import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    include: ['test/**/*.test.ts'],
    exclude: ['test/stack/**', 'test/hosts/**', 'test/stack-hosts/**'],
    // vitest takes one core less than there are; most of these tests wait for processes that they started.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
})
