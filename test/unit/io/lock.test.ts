import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { LockHolder } from '../../../src/core/ports.js'
import { acquireLock } from '../../../src/io/lock.js'
import { packageRoot } from '../../../src/io/package-root.js'

let folder = ''
let file = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-lock-'))
  file = path.join(folder, 'locks', 'a.lock')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function startHolder(): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', path.join(packageRoot(), 'test', 'support', 'lock-holder.ts'), file],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

it('lets one in at a time and leaves nothing behind', async () => {
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 5 }, async () => {
      await using _lock = await acquireLock(file, 'a test')
      inside++
      most = Math.max(most, inside)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside--
    }),
  )
  expect(most).toBe(1)
  expect(await readdir(path.dirname(file))).toEqual([])
})

it('says for whom it waits, and goes on when that process ends properly', async () => {
  const child = await startHolder()
  let holder: LockHolder | undefined
  const waiting = acquireLock(file, 'the second', {
    onWait: (found) => {
      holder = found
      child.stdin?.write('end\n')
    },
  })
  await using _lock = await waiting
  expect(holder).toMatchObject({ pid: child.pid, purpose: 'a test that holds the lock' })
})

it('replaces a holder that was killed', async () => {
  const child = await startHolder()
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await readdir(path.dirname(file))).toEqual(['a.lock'])
  await using _lock = await acquireLock(file, 'the next')
  expect(await readdir(path.dirname(file))).toEqual(['a.lock'])
})

it('is not fooled by another process that has the same pid now', async () => {
  await (await acquireLock(file, 'makes the folder'))[Symbol.asyncDispose]()
  await writeFile(
    file,
    JSON.stringify({
      token: 't',
      pid: process.pid,
      host: os.hostname(),
      started: 'another boot/1',
      purpose: 'long ago',
      since: '2020-03-22T00:00:00Z',
    }),
  )
  if (process.platform !== 'linux') return
  await using _lock = await acquireLock(file, 'the next')
})

it('gives up waiting when it is interrupted', async () => {
  await using _lock = await acquireLock(file, 'the first')
  const stop = new AbortController()
  const waiting = acquireLock(file, 'the second', { signal: stop.signal, onWait: () => stop.abort() })
  await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' })
})
