import { defineConfig } from 'vitest/config'

/** Tests on real services (test/stack/support.ts): one file after the other, since they share the ports. */
export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    include: ['test/stack/**/*.test.ts'],
    globalSetup: ['test/stack/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 900_000,
    hookTimeout: 1_800_000,
  },
})
