// A process that takes a lock, says so, and holds it until it is killed or told to end. Arguments: lock file.
import { acquireLock } from '../../src/io/lock.js'

const held = await acquireLock(process.argv[2] ?? '', 'a test that holds the lock')
process.stdout.write('held\n')
process.stdin.once('data', async () => {
  await held[Symbol.asyncDispose]()
  process.exitCode = 0
  process.stdin.destroy()
})
