import { defineConfig } from 'vitest/config'

/** Tests on two real hosts in namespaces (test/support/two-hosts): one file after the other, since they share the names. */
export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    include: ['test/hosts/**/*.test.ts'],
    fileParallelism: false,
    // Real sshd, reboots and cut links on a machine with two cores: a second try tells a fault from a slow moment.
    retry: 1,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
})
