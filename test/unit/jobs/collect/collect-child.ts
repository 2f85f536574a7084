// One run of collect in a process of its own, to be killed. Arguments: site folder, input paths.
import { siteLayout } from '../../../../src/core/layout.js'
import { systemClock } from '../../../../src/io/clock.js'
import { localFiles } from '../../../../src/io/files.js'
import { collect } from '../../../../src/jobs/collect/collect.js'
import { followFile } from '../../../../src/jobs/collect/follow.js'

const [mode, site = '', ...paths] = process.argv.slice(2)
const context = {
  layout: siteLayout(site),
  files: localFiles,
  clock: systemClock,
  emit: () => {},
  signal: new AbortController().signal,
}
process.stdout.write('started\n')
if (mode === 'follow')
  await followFile({ file: paths[0] ?? '', flushMs: 0, flushBytes: 20_000, pollMs: 5, once: true }, context)
else await collect({ paths }, context)
