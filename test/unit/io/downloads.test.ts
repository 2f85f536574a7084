import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Checksum } from '../../../src/core/downloads.js'
import { httpDownloads } from '../../../src/io/downloads.js'
import { startWeb, type Web } from '../../support/web.js'

const data = randomBytes(300_000)
const hex = (algorithm: string) => createHash(algorithm).update(data).digest('hex')
const checksum: Checksum = { algorithm: 'sha256', hex: hex('sha256') }
const { download } = httpDownloads({ firstPauseMs: 1, attempts: 3, silenceMs: 2000 })

describe('downloads', () => {
  let web: Web
  let folder: string
  let target: string
  beforeEach(async () => {
    web = await startWeb()
    web.files.set('file', data)
    folder = await mkdtemp(path.join(os.tmpdir(), 'smartcar-downloads-'))
    target = path.join(folder, 'deep', 'file')
  })
  afterEach(async () => {
    await web[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const request = (more: object = {}) => ({ url: `${web.url}file`, target, size: data.byteLength, checksum, ...more })

  test('a file arrives whole, with progress, and is not fetched twice', async () => {
    const seen: (number | undefined)[][] = []
    const first = await download(request({ onProgress: (...args: (number | undefined)[]) => seen.push(args) }))
    expect(first).toEqual({ bytes: data.byteLength, sha256: checksum.hex, resumedFrom: 0, status: 'written' })
    expect((await readFile(target)).equals(data)).toBe(true)
    expect(seen.at(-1)).toEqual([data.byteLength, data.byteLength])
    expect(await download(request())).toMatchObject({ status: 'unchanged', sha256: checksum.hex })
    expect(web.requests).toEqual(['file'])
    expect(await readdir(path.dirname(target))).toEqual(['file'])
  })

  test('a finished file with other bytes is fetched again', async () => {
    await download(request())
    await writeFile(target, Buffer.alloc(data.byteLength))
    expect(await download(request())).toMatchObject({ status: 'written' })
    expect((await readFile(target)).equals(data)).toBe(true)
  })

  test('a transfer that is cut goes on where it broke off, also in a later call', async () => {
    web.fault = (_path, { headers }, response) => {
      if (headers.range !== undefined) return false
      response.writeHead(200, { 'content-length': data.byteLength })
      response.write(data.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50))
      return true
    }
    const stop = new AbortController()
    const broken = download(
      request({ signal: stop.signal, onProgress: (done: number) => done >= 100_000 && stop.abort() }),
    )
    await expect(broken).rejects.toThrow()
    expect(await download(request())).toMatchObject({ resumedFrom: 100_000, status: 'written' })
    expect(web.requests.at(-1)).toBe('file 100000')
    await rm(target)
    web.requests.length = 0
    await download(request())
    expect(web.requests).toEqual(['file', 'file 100000'])
    expect((await readFile(target)).equals(data)).toBe(true)
  })

  test('a part of another content is found out and fetched anew', async () => {
    await download(request())
    await rm(target)
    await writeFile(`${target}.part`, Buffer.alloc(50_000, 1))
    web.requests.length = 0
    expect(await download(request())).toMatchObject({ status: 'written' })
    expect(web.requests).toEqual(['file 50000', 'file'])
    expect((await readFile(target)).equals(data)).toBe(true)
    await rm(target)
    await writeFile(`${target}.part`, Buffer.alloc(data.byteLength + 1))
    await download(request())
    expect((await readFile(target)).equals(data)).toBe(true)
  })

  test('a server without ranges starts again from the beginning', async () => {
    await download(request())
    await rm(target)
    await writeFile(`${target}.part`, data.subarray(0, 1000))
    web.fault = (_path, _request, response) => {
      response.end(data)
      return true
    }
    expect(await download(request())).toMatchObject({ resumedFrom: 0 })
    expect((await readFile(target)).equals(data)).toBe(true)
  })

  test.each(['md5', 'sha1', 'sha512'] as const)('%s is compared too', async (algorithm) => {
    await download(request({ checksum: { algorithm, hex: hex(algorithm) } }))
    await rm(target)
    const wrong = request({
      checksum: { algorithm, hex: hex(algorithm).replace(/^./, (c) => (c === '0' ? '1' : '0')) },
    })
    await expect(download(wrong)).rejects.toMatchObject({ code: 'DOWNLOAD_DAMAGED', exit: 'failed' })
    expect(web.requests.length).toBe(3)
    expect(await readdir(path.dirname(target))).toEqual([])
  })

  test('a wrong size is damage', async () => {
    web.files.set('file', data.subarray(1))
    await expect(download({ ...request(), checksum: undefined } as never)).rejects.toThrow(/bytes/)
  })

  test.each([401, 403, 404, 410])('%i is final, and says so', async (status) => {
    web.fault = (_path, _request, response) => {
      response.writeHead(status).end()
      return true
    }
    await expect(download(request())).rejects.toMatchObject({
      code: 'DOWNLOAD_REFUSED',
      failure: { status },
      message: `${web.url}file answers ${status}`,
    })
    expect(web.requests).toEqual(['file'])
  })

  test.each([408, 429, 500, 503])('%i is tried again', async (status) => {
    let left = 2
    web.fault = (_path, _request, response) => {
      if (left-- <= 0) return false
      response.writeHead(status, { 'retry-after': '0' }).end()
      return true
    }
    expect(await download(request())).toMatchObject({ status: 'written' })
    web.fault = (_path, _request, response) => {
      response.writeHead(status).end()
      return true
    }
    await rm(target)
    web.requests.length = 0
    await expect(download(request())).rejects.toMatchObject({ failure: { status } })
    expect(web.requests.length).toBe(3)
  })

  test('nothing that listens, no such name, and silence are told apart', async () => {
    const code = { code: 'DOWNLOAD_UNREACHABLE', exit: 'unreachable' }
    await expect(download(request({ url: 'http://127.0.0.1:1/x' }))).rejects.toMatchObject({
      ...code,
      failure: { exit: 7 },
    })
    await expect(download(request({ url: 'http://no.invalid/x' }))).rejects.toMatchObject({
      ...code,
      failure: { exit: 6 },
    })
    web.fault = () => true
    const hasty = httpDownloads({ firstPauseMs: 1, attempts: 1, silenceMs: 300 })
    await expect(hasty.download(request())).rejects.toMatchObject({ ...code, failure: { exit: 28 } })
  })

  test('credentials go to their server, and not on to another one', async () => {
    await using other = await startWeb()
    other.files.set('moved', data)
    const seen: (string | undefined)[] = []
    web.fault = (_path, { headers }, response) => {
      seen.push(headers.authorization)
      response.writeHead(302, { location: `${other.url.replace('127.0.0.1', 'localhost')}moved` }).end()
      return true
    }
    other.fault = (_path, { headers }) => {
      seen.push(headers.authorization)
      return false
    }
    await download(request({ credentials: { user: 'me', password: 's3cret' } }))
    expect(seen).toEqual([`Basic ${Buffer.from('me:s3cret').toString('base64')}`, undefined])
  })

  test('an error of the disk is not taken for one of the connection', async () => {
    await writeFile(path.join(folder, 'deep'), 'a file where a folder should be')
    await expect(download(request())).rejects.toMatchObject({ code: expect.stringMatching(/ENOTDIR|EEXIST/) })
  })
})
