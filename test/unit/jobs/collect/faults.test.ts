/**
 * Collect survives a failure of every single operation on files: afterwards the same command gives the same site,
 * whether the process could still clear up (a full disk) or was gone at once (power cut).
 */
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Files } from '../../../../src/core/ports.js'
import { localFiles } from '../../../../src/io/files.js'
import { collect } from '../../../../src/jobs/collect/collect.js'
import { memoryContext } from './memory-folder.js'
import { driveRow, goodRows } from './rows.js'
import { siteTree } from './site-tree.js'

interface FaultyFiles {
  readonly files: Files
  /** Operations that were asked for. */
  readonly operations: () => number
}

/**
 * The real files until operation `failAt` (from 1), which fails; with `crash` all later ones fail as well. Operations
 * on `inputs` work: a file that cannot be read is another matter. Waiting for the disk is left out, to be quick.
 */
function faultyFiles(failAt: number, crash: boolean, inputs: string): FaultyFiles {
  let operations = 0
  const guarded = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const member: unknown = Reflect.get(object, name)
        if (typeof member !== 'function') return member
        return (...given: unknown[]) => {
          const call = () => Reflect.apply(member, object, given) as Promise<object>
          // A crash releases what the process held; a failed disk does not keep a lock from being released.
          if (name === Symbol.asyncDispose || String(given[0]).startsWith(inputs)) return call()
          operations++
          if (operations === failAt || (crash && operations > failAt))
            return Promise.reject(
              Object.assign(new Error(`ENOSPC: operation ${operations}, ${String(name)}`), { code: 'ENOSPC' }),
            )
          if (name === 'sync' || name === 'syncFolder') return Promise.resolve()
          return name === 'append' || name === 'createAtomic' ? call().then(guarded) : call()
        }
      },
    })
  return { files: guarded(localFiles), operations: () => operations }
}

async function writeInputs(folder: string): Promise<string[]> {
  const rows = ['20200321', '20200322'].flatMap((day) => [driveRow(day, 0, 'A0001'), driveRow(day, 2, 'A0001')])
  const contents = { 'drive.log': `${rows.join('\n')}\n1,2\n`, 'master.txt': `${goodRows.master.join('\n')}\n` }
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(contents)) await writeFile(path.join(folder, name), content)
  return Object.keys(contents).map((name) => path.join(folder, name))
}

describe.each([
  ['fails once, as on a full disk', false],
  ['fails and nothing works any more, as when the process dies', true],
])('an operation on files that %s', (_, crash) => {
  test('whichever it is, running again gives the same site', async () => {
    await using inputs = await memoryContext()
    const paths = await writeInputs(inputs.layout.root)
    await using whole = await memoryContext()
    const counting = faultyFiles(Number.POSITIVE_INFINITY, false, inputs.layout.root)
    await collect({ paths }, { ...whole, files: counting.files })
    const expected = await siteTree(whole.layout)
    expect(Object.keys(expected)).toHaveLength(6)
    const total = counting.operations()
    expect(total).toBeGreaterThan(60)
    const { files: healthy } = faultyFiles(Number.POSITIVE_INFINITY, false, inputs.layout.root)
    for (let failAt = 1; failAt <= total; failAt++) {
      await using context = await memoryContext()
      const faulty = faultyFiles(failAt, crash, inputs.layout.root)
      const first = await collect({ paths }, { ...context, files: faulty.files }).catch((error: unknown) => error)
      // What is committed is whole, at any moment.
      const meanwhile = await siteTree(context.layout)
      for (const [name, text] of Object.entries(meanwhile))
        if (name.startsWith('lake/_manifests/0')) expect([failAt, text]).toEqual([failAt, expected[name]])
      const second = await collect({ paths }, { ...context, files: healthy })
      expect([failAt, first, second.totals.failed]).toEqual([failAt, first, 0])
      expect([failAt, await siteTree(context.layout)]).toEqual([failAt, expected])
    }
  })
})
