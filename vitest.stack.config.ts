import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where the gate reads the counts. */
const report = process.env.SMARTCAR_TEST_REPORT

/** The pilot needs services that nobody has written to; what breaks them comes late, what stops them last. */
const order = ['pilot', '', 'doctor', 'faults', 'life-cycle']

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = order.findIndex((name) => name !== '' && moduleId.endsWith(`/${name}.test.ts`))
      return found === -1 ? order.indexOf('') : found
    }
    return files.toSorted((a, b) => rank(a) - rank(b) || (a.moduleId < b.moduleId ? -1 : 1))
  }
}

/** Tests on real services (test/stack/support.ts): one file after the other, since they share the ports. */
export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    include: ['test/stack/**/*.test.ts'],
    globalSetup: ['test/stack/global-setup.ts'],
    fileParallelism: false,
    ...(report === undefined ? {} : { reporters: ['default', 'json'], outputFile: { json: report } }),
    sequence: { sequencer: InOrder },
    testTimeout: 900_000,
    hookTimeout: 1_800_000,
  },
})
