// One run of collect in a process of its own, which ends by SIGKILL while its file operation number `killAt` (from 1) is
// under way. Prints how many operations there were. Arguments: mode, killAt (0: never), site folder, input paths.
import { siteLayout } from '../../../../src/core/layout.js'
import { systemClock } from '../../../../src/io/clock.js'
import { localFiles } from '../../../../src/io/files.js'
import { collect } from '../../../../src/jobs/collect/collect.js'
import { followFile } from '../../../../src/jobs/collect/follow.js'

const [mode, killAt = '0', site = '', ...paths] = process.argv.slice(2)
let operations = 0

/** Counts the operations of `target` and of the files that it opens. */
const counted = <T extends object>(target: T): T =>
  new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const result: unknown = Reflect.apply(member, object, given)
        if (++operations === Number(killAt)) process.kill(process.pid, 'SIGKILL')
        return name === 'append' || name === 'createAtomic' ? (result as Promise<object>).then(counted) : result
      }
    },
  })

const context = {
  layout: siteLayout(site),
  files: counted(localFiles),
  clock: systemClock,
  emit: () => {},
  signal: new AbortController().signal,
}
if (mode === 'follow')
  await followFile({ file: paths[0] ?? '', flushMs: 0, flushBytes: 20_000, pollMs: 5, once: true }, context)
else await collect({ paths }, context)
process.stdout.write(String(operations))
