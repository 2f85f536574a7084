import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { packageRoot } from '../../src/io/package-root.js'
import { eventually, type StackWorld, stackWorld } from './clients.js'

interface Site {
  readonly services: { readonly hdfs: { readonly namenode: { readonly http: number } } }
}

describe('hdfs', () => {
  let on: StackWorld
  const root = `/stack-test-${process.pid}`
  beforeAll(async () => {
    on = await stackWorld()
  })
  afterAll(async () => {
    await on.run(['hdfs', 'rm', '-r', '-f', root, '--confirm', 'stack'])
    await on[Symbol.asyncDispose]()
  })

  test('a file of three blocks goes there and comes back, and its checksum is HDFS’s', async () => {
    const content = randomBytes(290_000_000)
    await writeFile(path.join(on.folder, 'big.bin'), content)
    const target = `${root}/한글 %20 #?&.bin`
    expect(await on.json(['hdfs', 'put', 'big.bin', target])).toMatchObject({ files: [{ status: 'written' }] })
    // Unchanged: by the checksum, which is over three blocks.
    expect(await on.json(['hdfs', 'put', 'big.bin', target])).toMatchObject({ files: [{ status: 'unchanged' }] })
    await on.json(['hdfs', 'get', target, 'back.bin'])
    const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    expect(sha(await readFile(path.join(on.folder, 'back.bin')))).toBe(sha(content))
    content[5] = (content[5] as number) ^ 1
    await writeFile(path.join(on.folder, 'big.bin'), content)
    expect((await on.run(['hdfs', 'put', 'big.bin', target])).code).toBe(1)
  })

  test('a killed put goes on where it stopped', async () => {
    await writeFile(path.join(on.folder, 'huge.bin'), randomBytes(600_000_000))
    const args = ['hdfs', 'put', 'huge.bin', `${root}/huge.bin`, '--site', on.stack.site]
    const child = execa(process.execPath, [path.join(packageRoot(), 'bin/run.js'), ...args], {
      cwd: on.folder,
      reject: false,
      stdio: 'ignore',
    })
    const part = `${root}/.huge.bin.part`
    // Asked by HTTP: a start of the program takes as long as the whole file may.
    const site = parse(await readFile(on.stack.site, 'utf8')) as Site
    const url = `http://127.0.0.1:${site.services.hdfs.namenode.http}/webhdfs/v1${part}?op=GETFILESTATUS&user.name=${os.userInfo().username}`
    await eventually('the file is begun', async () => (await fetch(url)).ok)
    await pause(300)
    child.kill('SIGKILL')
    await child
    const report = await on.json<{ files: { resumedFrom: number }[] }>(args.slice(0, 4))
    expect(report.files[0]?.resumedFrom).toBeGreaterThan(0)
    expect((await on.run(['hdfs', 'ls', part])).code).toBe(1)
    expect(await on.json(['hdfs', 'put', 'huge.bin', `${root}/huge.bin`])).toMatchObject({ transferred: 0 })
  })

  test('names, rights and health', async () => {
    await on.json(['hdfs', 'mkdir', `${root}/a/b`])
    await on.json(['hdfs', 'put', '-', `${root}/a/b/one.txt`], 'one\n')
    await on.json(['hdfs', 'put', '-', `${root}/a/b/two.txt`], 'two\n')
    expect((await on.run(['hdfs', 'cat', `${root}/a/*/*.txt`])).stdout).toBe('one\ntwo\n')
    expect(await on.json(['hdfs', 'chmod', '-R', '700', `${root}/a`])).toEqual({ changed: 4, unchanged: 0 })
    expect(await on.json(['hdfs', 'chown', 'flume:hadoop', `${root}/a`])).toEqual({ changed: 1, unchanged: 0 })
    const denied = await on.run(['hdfs', 'ls', `${root}/a/b`, '--user', 'nobody'])
    expect([denied.code, denied.stderr]).toEqual([1, expect.stringContaining('do it as flume: --user flume')])
    const absent = await on.run(['hdfs', 'cat', `${root}/a/b/on.txt`])
    expect([absent.code, absent.stderr]).toEqual([1, expect.stringContaining('did you mean "one.txt"?')])
    expect(await on.json(['hdfs', 'du', '--summarize', `${root}/a`])).toMatchObject({ rows: [{ size: 8, files: 2 }] })
    expect(await on.json(['hdfs', 'fsck', root])).toMatchObject({ healthy: true, missingBlocks: 0 })
    expect(await on.json(['hdfs', 'safemode', 'wait'])).toMatchObject({ on: false })
    expect(await on.json(['hdfs', 'report'])).toMatchObject({ safeMode: '', dataNodes: [{ state: 'live' }] })
    expect((await on.run(['hdfs', 'rm', '-r', '/'])).code).toBe(2)
    expect((await on.run(['hdfs', 'rm', '-r', root, '--no-input'])).code).toBe(2)
  })
})
