import { randomBytes } from 'node:crypto'
import { mkdir as makeFolder, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { clusterOf } from '../../../../src/core/cluster/cluster.js'
import { resolveSite } from '../../../../src/core/site/resolve.js'
import { cat, get } from '../../../../src/jobs/hdfs/get.js'
import { fsckError, waitForSafeMode } from '../../../../src/jobs/hdfs/health.js'
import { expand } from '../../../../src/jobs/hdfs/names.js'
import { put } from '../../../../src/jobs/hdfs/put.js'
import { chmod, ls, mkdir, remove } from '../../../../src/jobs/hdfs/tree.js'
import { type Hdfs, openHdfs } from '../../../../src/services/hdfs/client.js'
import { fsck } from '../../../../src/services/hdfs/health.js'
import { type TestContext, testContext } from '../../../support/context.js'
import { type Faults, WebHdfsServer } from '../../../support/webhdfs-server.js'

function hdfsOf(server: Pick<WebHdfsServer, 'site'>, context: TestContext): Hdfs {
  const siteFile = { path: '/site/smartcar.yaml', text: server.site }
  const site = resolveSite({ siteFile, environment: {}, workingFolder: '/site' })
  return openHdfs(clusterOf(site), { http: context.http, signal: context.signal, user: 'tester' })
}

async function world(faults: Faults = {}, signal?: AbortSignal) {
  const server = await WebHdfsServer.start(faults)
  const context = await testContext(undefined, signal === undefined ? {} : { signal })
  const hdfs = hdfsOf(server, context)
  const local = (name: string) => path.join(context.layout.root, name)
  return {
    server,
    context,
    hdfs,
    local,
    put: (sources: readonly string[], target: string, force = false) =>
      put(hdfs, { sources, target, force, stdin: () => Readable.from([]) }, context),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await context[Symbol.asyncDispose]()
    },
  }
}

const content = randomBytes(3_300_000)

describe('put', () => {
  test('a file appears complete under its name; the same content again is left alone', async () => {
    await using on = await world()
    await writeFile(on.local('a.bin'), content)
    const first = await on.put([on.local('a.bin')], '/data/a.bin')
    expect(first.files).toEqual([
      { from: on.local('a.bin'), to: '/data/a.bin', bytes: content.length, status: 'written', resumedFrom: 0 },
    ])
    expect([...on.server.files.keys()]).toEqual(['/data/a.bin'])
    expect(on.server.files.get('/data/a.bin')?.equals(content)).toBe(true)
    on.server.requests.length = 0
    const second = await on.put([on.local('a.bin')], '/data')
    expect(second).toMatchObject({ transferred: 0, files: [{ status: 'unchanged' }] })
    expect(on.server.requests.filter((line) => /CREATE|APPEND/.test(line))).toEqual([])
  })

  test('another content needs --force', async () => {
    await using on = await world()
    on.server.files.set('/a.bin', Buffer.from('other'))
    await writeFile(on.local('a.bin'), content)
    await expect(on.put([on.local('a.bin')], '/a.bin')).rejects.toMatchObject({ code: 'HDFS_FILE_EXISTS' })
    expect(on.server.files.get('/a.bin')?.toString()).toBe('other')
    await on.put([on.local('a.bin')], '/a.bin', true)
    expect(on.server.files.get('/a.bin')?.equals(content)).toBe(true)
  })

  test('a cut connection is gone on with where it broke', async () => {
    await using on = await world({
      cutAfter: (op, call) =>
        op === 'CREATE' && call === 0 ? 2_000_000 : op === 'APPEND' && call === 0 ? 500_000 : undefined,
    })
    await writeFile(on.local('a.bin'), content)
    const { files, transferred } = await on.put([on.local('a.bin')], '/a.bin')
    expect(on.server.files.get('/a.bin')?.equals(content)).toBe(true)
    expect(files[0]?.resumedFrom).toBe(2_500_000)
    expect(transferred).toBe(content.length - 2_500_000)
    expect(on.server.requests.filter((line) => line.includes('CREATE'))).toHaveLength(2)
  })

  test('what an earlier run left counts only as far as it is the same', async () => {
    await using on = await world()
    await writeFile(on.local('a.bin'), content)
    on.server.files.set('/.a.bin.part', Buffer.from(content.subarray(0, 1_000_000)))
    expect((await on.put([on.local('a.bin')], '/a.bin')).files[0]?.resumedFrom).toBe(1_000_000)
    expect(on.server.files.get('/a.bin')?.equals(content)).toBe(true)
    on.server.files.clear()
    on.server.files.set('/.a.bin.part', randomBytes(1_000_000))
    expect((await on.put([on.local('a.bin')], '/a.bin')).files[0]?.resumedFrom).toBe(0)
    expect(on.server.files.get('/a.bin')?.equals(content)).toBe(true)
  })

  test('bytes that arrive otherwise are an error, and no file', async () => {
    await using on = await world({ damage: true })
    await writeFile(on.local('a.bin'), content)
    await expect(on.put([on.local('a.bin')], '/a.bin')).rejects.toMatchObject({ code: 'HDFS_CONTENT_DIFFERS' })
    expect([...on.server.files.keys()]).toEqual([])
  })

  test('a folder goes with everything in it, and empty files', async () => {
    await using on = await world()
    await makeFolder(on.local('in/wrk_date=20200322'), { recursive: true })
    await makeFolder(on.local('in/empty'), { recursive: true })
    await writeFile(on.local('in/wrk_date=20200322/한글 a%20b.log'), 'rows')
    await writeFile(on.local('in/none.log'), '')
    on.server.folders.add('/data')
    await on.put([on.local('in')], '/data')
    expect([...on.server.files.keys()].sort()).toEqual([
      '/data/in/none.log',
      '/data/in/wrk_date=20200322/한글 a%20b.log',
    ])
    expect(on.server.folders.has('/data/in/empty')).toBe(true)
  })

  test('stdin, at once and whole', async () => {
    await using on = await world()
    const stdin = () => Readable.from([Buffer.from('one '), Buffer.from('two')])
    await put(on.hdfs, { sources: ['-'], target: '/in.txt', force: false, stdin }, on.context)
    expect([...on.server.files]).toEqual([['/in.txt', Buffer.from('one two')]])
  })

  test('Ctrl-C leaves no file, and what was sent for the next time', async () => {
    const stop = new AbortController()
    await using on = await world({}, stop.signal)
    await writeFile(on.local('a.bin'), content)
    const emit = on.context.emit
    const context = {
      ...on.context,
      emit: (event: Parameters<typeof emit>[0]) => {
        if (event.t === 'stage.progress' && event.done > 1_000_000) stop.abort()
      },
    }
    const input = { sources: [on.local('a.bin')], target: '/a.bin', force: false, stdin: () => Readable.from([]) }
    await expect(put(on.hdfs, input, context)).rejects.toMatchObject({ exit: 'interrupted' })
    expect(on.server.files.has('/a.bin')).toBe(false)
  })
})

describe('get and cat', () => {
  test('a cut answer is taken up where it broke, an earlier part file too', async () => {
    await using on = await world({ cutAfter: (op, call) => (op === 'OPEN' && call < 2 ? 700_000 : undefined) })
    on.server.files.set('/a.bin', content)
    await writeFile(on.local('a.bin.part'), content.subarray(0, 100_000))
    const input = { sources: ['/a.bin'], target: on.local('a.bin'), force: false }
    const { files } = await get(on.hdfs, input, on.context)
    expect(files[0]).toMatchObject({ status: 'written', resumedFrom: 100_000 })
    expect((await readFile(on.local('a.bin'))).equals(content)).toBe(true)
    expect((await get(on.hdfs, input, on.context)).files[0]?.status).toBe('unchanged')
  })

  test('a part file of another content is thrown away; damaged bytes are an error', async () => {
    await using on = await world()
    on.server.files.set('/a.bin', content)
    await writeFile(on.local('a.bin.part'), randomBytes(100_000))
    await get(on.hdfs, { sources: ['/a.bin'], target: on.local('a.bin'), force: false }, on.context)
    expect((await readFile(on.local('a.bin'))).equals(content)).toBe(true)
    on.server.faults.damage = true
    await expect(
      get(on.hdfs, { sources: ['/a.bin'], target: on.local('b.bin'), force: false }, on.context),
    ).rejects.toMatchObject({ code: 'HDFS_CONTENT_DIFFERS' })
    expect(await on.context.files.stat(on.local('b.bin'))).toBeUndefined()
  })

  test('cat gives several files byte for byte', async () => {
    await using on = await world({ cutAfter: (op, call) => (op === 'OPEN' && call === 0 ? 10 : undefined) })
    on.server.files.set('/a', Buffer.from('first file, cut\n')).set('/b', Buffer.from([0, 255, 10]))
    const parts: Uint8Array[] = []
    await cat(on.hdfs, ['/a', '/b'], async (chunk) => void parts.push(chunk), on.context)
    expect(Buffer.concat(parts)).toEqual(Buffer.concat([Buffer.from('first file, cut\n'), Buffer.from([0, 255, 10])]))
    await expect(cat(on.hdfs, ['/a', '/bb'], async () => {}, on.context)).rejects.toMatchObject({
      code: 'HDFS_PATH_ABSENT',
      message: '/bb is not on HDFS (did you mean "b"?)',
    })
  })
})

describe('names', () => {
  test('patterns, and names that only look like some', async () => {
    await using on = await world()
    for (const name of ['/d/wrk_date=20200321/a.log', '/d/wrk_date=20200322/b.log', '/d/.hidden/c.log', '/d/x[1]'])
      on.server.files.set(name, Buffer.from('x'))
    for (const name of ['/d', '/d/wrk_date=20200321', '/d/wrk_date=20200322', '/d/.hidden']) on.server.folders.add(name)
    expect(await expand(on.hdfs, '/d/*/*.log')).toEqual(['/d/wrk_date=20200321/a.log', '/d/wrk_date=20200322/b.log'])
    expect(await expand(on.hdfs, '/d/wrk_date=2020032{1,3}')).toEqual(['/d/wrk_date=20200321'])
    expect(await expand(on.hdfs, '/d/x[1]')).toEqual(['/d/x[1]'])
    expect(await expand(on.hdfs, 'rel')).toEqual(['/user/tester/rel'])
    expect(await expand(on.hdfs, 'hdfs://server01:8020/d')).toEqual(['/d'])
    await expect(expand(on.hdfs, '/d/*.txt')).rejects.toMatchObject({ code: 'HDFS_PATH_ABSENT' })
  })

  test('the root is not removed, folders need -r, severe ones the name of the site', async () => {
    await using on = await world()
    on.server.folders.add('/d').add('/d/e')
    on.server.files.set('/d/e/f', Buffer.from('x'))
    const rm = (paths: readonly string[], recursive: boolean, yes = true) =>
      remove(on.hdfs, { paths, recursive, force: false, agree: async () => yes }, on.context)
    await expect(rm(['/'], true)).rejects.toMatchObject({ code: 'HDFS_ROOT' })
    await expect(rm(['hdfs://x/d/..'], true)).rejects.toMatchObject({ code: 'HDFS_ROOT' })
    await expect(rm(['/d/e'], false)).rejects.toMatchObject({ code: 'HDFS_IS_FOLDER' })
    await expect(rm(['/d'], true, false)).rejects.toMatchObject({ code: 'NOT_CONFIRMED' })
    expect(on.server.files.size).toBe(1)
    expect((await rm(['/d/e'], true, false)).removed).toEqual([{ path: '/d/e', kind: 'directory', files: 1, size: 1 }])
    expect(on.server.files.size).toBe(0)
  })

  test('mkdir and chmod say what was so already', async () => {
    await using on = await world()
    expect((await mkdir(on.hdfs, ['/a/b', '/a'], '755')).folders.map(({ status }) => status)).toEqual([
      'created',
      'unchanged',
    ])
    expect(await chmod(on.hdfs, '0755', ['/a'], true, on.context.signal)).toEqual({ changed: 0, unchanged: 2 })
    expect((await ls(on.hdfs, ['/'], true, on.context.signal)).entries.map((entry) => entry.path)).toEqual([
      '/a',
      '/a/b',
    ])
  })
})

describe('what HDFS refuses', () => {
  test.each([
    [
      'AccessControlException',
      'Permission denied: user=tester, access=WRITE, inode="/":hdfs:supergroup:drwxr-xr-x',
      'HDFS_ACCESS_DENIED',
      'WRITE on /, which is drwxr-xr-x of hdfs:supergroup',
    ],
    ['SafeModeException', 'Cannot create /a. Name node is in safe mode.', 'HDFS_SAFE_MODE', 'safe mode'],
    ['RetriableException', 'Cannot delete /a. Name node is in safe mode.', 'HDFS_SAFE_MODE', 'safe mode'],
    ['DSQuotaExceededException', 'The DiskSpace quota of /a is exceeded: quota = 1 B', 'HDFS_QUOTA', 'quota'],
    [
      'IOException',
      'File /a could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running and 0 node(s) are excluded in this operation.',
      'HDFS_NO_DATANODE',
      'no DataNode',
    ],
    [
      'IOException',
      'File /a could only be written to 0 of the 1 minReplication nodes. There are 2 datanode(s) running and 2 node(s) are excluded in this operation.',
      'HDFS_NO_SPACE',
      'none of the 2 DataNodes',
    ],
    ['IOException', 'Something else\n\tat x', 'HDFS_FAILED', 'Something else (IOException)'],
  ])('%s', async (exception, message, code, text) => {
    await using on = await world({ refuse: (op) => (/MKDIRS|CREATE/.test(op) ? [exception, message] : undefined) })
    await writeFile(on.local('a'), 'x')
    const expected = { code, message: expect.stringContaining(text) }
    // Once by the webhdfs package, once by the HTTP port.
    await expect(mkdir(on.hdfs, ['/new'], '755')).rejects.toMatchObject(expected)
    await expect(on.put([on.local('a')], '/a')).rejects.toMatchObject(expected)
  })

  test('a NameNode that is not there is named, with its port', async () => {
    await using on = await world()
    const { site } = on.server
    await on.server[Symbol.asyncDispose]()
    await expect(hdfsOf({ site }, on.context).list('/')).rejects.toMatchObject({
      exit: 'unreachable',
      message: expect.stringMatching(/NameNode on server01, 127\.0\.0\.1:\d+: nothing listens there/),
      hints: [expect.stringContaining('smartcar cluster status')],
    })
  })
})

describe('health', () => {
  test('fsck lists what is missing and ends with code 10', async () => {
    await using on = await world()
    on.server.fsck = `Connecting
/a b/x.log: CORRUPT blockpool BP-1 block blk_1073741826
/a b/x.log: MISSING 1 blocks of total size 3 B.
/y.log:  Under replicated BP-1:blk_5. Target Replicas is 3 but found 1 live replica(s)

Status: CORRUPT
 Total files:\t2
 Total blocks (validated):\t2 (avg. block size 3 B)
 Under-replicated blocks:\t1 (50.0 %)
 Missing blocks:\t\t1
 Corrupt blocks:\t\t1

Erasure Coded Block Groups:
 Total files:\t0

The filesystem under path '/' is CORRUPT`
    const result = await fsck(on.hdfs, '/')
    expect(result).toMatchObject({ healthy: false, files: 2, blocks: 2, missingBlocks: 1, corruptBlocks: 1 })
    expect(result.problems.map(({ path: name, kind }) => [name, kind])).toEqual([
      ['/a b/x.log', 'corrupt'],
      ['/a b/x.log', 'missing'],
      ['/y.log', 'under replicated'],
    ])
    expect(fsckError(result)).toMatchObject({ exit: 'unhealthy', exitCode: 10 })
    on.server.fsck = "The filesystem under path '/' is HEALTHY"
    expect(fsckError(await fsck(on.hdfs, '/'))).toBeUndefined()
    on.server.fsck = "FSCK ended\nPath '/nope' does not exist."
    await expect(fsck(on.hdfs, '/nope')).rejects.toMatchObject({ code: 'HDFS_PATH_ABSENT' })
  })

  test('waiting for the end of the safe mode, and its time limit', async () => {
    await using on = await world()
    on.server.beans = { Safemode: 'Safe mode is ON. The reported blocks 0 needs additional 5 blocks.' }
    await expect(waitForSafeMode(on.hdfs, 50, on.context)).rejects.toMatchObject({
      code: 'HDFS_SAFE_MODE',
      message: expect.stringContaining('needs additional 5 blocks'),
    })
    setTimeout(() => {
      on.server.beans = { Safemode: '' }
    }, 100)
    expect(await waitForSafeMode(on.hdfs, 20_000, on.context)).toMatchObject({ on: false })
  })
})
