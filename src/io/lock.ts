import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { systemCode, throwIfInterrupted } from '../core/errors.js'
import type { LockOptions } from '../core/ports.js'
import { makeFolder } from './folders.js'
import { isAlive } from './processes.js'

const holderFile = z.object({
  token: z.string(),
  pid: z.number().int(),
  host: z.string(),
  /** Tells a process from a later one with the same pid; null where the platform does not say. */
  started: z.string().nullable(),
  purpose: z.string(),
  since: z.string(),
})
type HolderFile = z.infer<typeof holderFile>

const pollMs = 50

/** When process `pid` started, in the kernel's own terms (Linux: boot id and start tick), else null. */
async function startedAt(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // Field 22, counted behind the command name, which may itself hold spaces and parentheses (proc(5)).
    return `${boot.trim()}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`
  } catch {
    return null
  }
}

async function readHolder(file: string): Promise<HolderFile | undefined> {
  try {
    return holderFile.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}

async function holderLives(holder: HolderFile): Promise<boolean> {
  // A site on a shared disk: whether a process on another machine lives cannot be seen from here.
  if (holder.host !== os.hostname()) return true
  if (!isAlive(holder.pid)) return false
  return holder.started === null || holder.started === (await startedAt(holder.pid))
}

/** Takes a dead holder's file away. Renamed first: of two processes that see the same dead holder only one succeeds. */
async function removeDead(file: string, dead: HolderFile): Promise<void> {
  const aside = `${file}.${randomUUID()}`
  try {
    if ((await readHolder(file))?.token !== dead.token) return
    await rename(file, aside)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  const taken = await readHolder(aside)
  // Somebody may have locked between the read and the rename: give it back.
  if (taken !== undefined && taken.token !== dead.token) await link(aside, file).catch(() => {})
  await rm(aside, { force: true })
}

/**
 * An exclusive lock between processes: a file that appears by a hard link, which is atomic, and names its holder.
 * A holder that died without releasing (kill -9, power cut) is recognised by pid and start time and replaced.
 */
export async function acquireLock(file: string, purpose: string, options: LockOptions = {}): Promise<AsyncDisposable> {
  await makeFolder(path.dirname(file))
  const mine: HolderFile = {
    token: randomUUID(),
    pid: process.pid,
    host: os.hostname(),
    started: await startedAt(process.pid),
    purpose,
    since: new Date().toISOString(),
  }
  const temporary = `${file}.${mine.token}`
  await writeFile(temporary, JSON.stringify(mine))
  let told = false
  try {
    for (;;) {
      if (options.signal !== undefined) throwIfInterrupted(options.signal)
      try {
        await link(temporary, file)
        break
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error
      }
      const holder = await readHolder(file)
      if (holder !== undefined && !(await holderLives(holder))) {
        await removeDead(file, holder)
        continue
      }
      if (!told && holder !== undefined) {
        told = true
        options.onWait?.({ pid: holder.pid, purpose: holder.purpose, since: holder.since })
      }
      await delay(pollMs)
    }
  } finally {
    await rm(temporary, { force: true })
  }
  return {
    async [Symbol.asyncDispose]() {
      if ((await readHolder(file))?.token === mine.token) await rm(file, { force: true })
    },
  }
}
