/** A real full disk and a real read-only one: small tmpfs mounts, which only root can make. */
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readLakeManifests } from '../../../../src/core/lake.js'
import { collect } from '../../../../src/jobs/collect/collect.js'
import { testContext } from '../../../support/context.js'
import { driveRow } from './rows.js'
import { siteTree } from './site-tree.js'

async function withMount(
  options: string,
  work: (folder: string, remount: (options: string) => void) => Promise<void>,
): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-mount-'))
  const mount = (given: string) =>
    execFileSync('mount', ['-t', 'tmpfs', '-o', given, 'tmpfs', folder], { stdio: 'pipe' })
  try {
    try {
      mount(options)
    } catch {
      return 'mounting a tmpfs is not allowed here'
    }
    try {
      await work(folder, (given) => mount(`remount,${given}`))
    } finally {
      execFileSync('umount', [folder])
    }
    return ''
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0
const rows = (car: string) => Array.from({ length: 20_000 }, (_, i) => driveRow('20200322', i, car)).join('\n')

test.skipIf(!canMount)(
  'a disk that fills up: told so, what was collected stays, and goes on when there is room',
  async (task) => {
    await using inputs = await testContext()
    const input = path.join(inputs.layout.root, 'big.log')
    const small = path.join(inputs.layout.root, 'small.log')
    await mkdir(inputs.layout.root, { recursive: true })
    await writeFile(input, rows('A0001'))
    await writeFile(small, `${driveRow('20200322', 0, 'B0002')}\n`)
    const reason = await withMount('size=256k', async (folder, remount) => {
      await using context = await testContext(folder)
      await expect(collect({ paths: [small, input] }, context)).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: `the disk of ${folder} is full`,
        exitCode: 1,
        hints: [expect.stringContaining('nothing is half-written')],
      })
      expect((await readLakeManifests(context)).map(({ source }) => source)).toEqual(['small.log'])
      expect(Object.keys(await siteTree(context.layout)).filter((name) => name.includes('_tmp'))).toEqual([])
      remount('size=10m')
      const { totals } = await collect({ paths: [small, input] }, context)
      expect(totals).toMatchObject({ unchanged: 1, collected: 1, kept: 20_000 })
    })
    if (reason !== '') task.skip(reason)
  },
)

test.skipIf(!canMount)('a read-only site folder', async (task) => {
  await using inputs = await testContext()
  const input = path.join(inputs.layout.root, 'a.log')
  await writeFile(input, `${driveRow('20200322', 0, 'B0002')}\n`)
  const reason = await withMount('size=1m', async (folder, remount) => {
    remount('ro')
    await using context = await testContext(folder)
    await expect(collect({ paths: [input] }, context)).rejects.toMatchObject({
      code: 'SITE_NOT_WRITABLE',
      message: `the site folder ${folder} cannot be written`,
    })
  })
  if (reason !== '') task.skip(reason)
})
