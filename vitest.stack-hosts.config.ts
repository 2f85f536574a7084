import { defineConfig } from 'vitest/config'

/** The real services on two hosts in namespaces, over SSH: one file, whose tests build on each other. */
export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    include: ['test/stack-hosts/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 600_000,
  },
})
