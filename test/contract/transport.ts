import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Transport } from '../../src/core/transport.js'

export interface TransportUnderTest {
  readonly transport: Transport
  /** A port that listens on 127.0.0.1 of the host and answers `hello\n`. */
  listen(): Promise<number>
  close(): Promise<void>
}

/** What every transport promises; run on this machine, on ssh2's own server and on real sshd. */
export function transportContract(name: string, open: () => Promise<TransportUnderTest>): void {
  describe(`transport: ${name}`, () => {
    let made: TransportUnderTest
    let host: Transport
    const here = mkdtempSync(path.join(os.tmpdir(), 'smartcar-transport-'))
    const there = `/tmp/smartcar-contract-${randomBytes(6).toString('hex')}`
    const remote = (file: string) => `${there}/${file}`
    const sh = (text: string, options = {}) => host.run(['sh', '-c', text], options)
    const running = async (mark: string) =>
      Number((await host.script(`ps -eo args | grep -c '^sleep ${mark}$'`)).stdout.trim())

    beforeAll(async () => {
      made = await open()
      host = made.transport
      expect((await host.run(['mkdir', '-p', there])).code).toBe(0)
    })
    afterAll(async () => {
      await host?.run(['rm', '-rf', there])
      await made?.close()
      rmSync(here, { recursive: true, force: true })
    })

    it('passes arguments as they are and keeps the streams apart', async () => {
      const words = ['a b', "it's", '"$HOME" `id`', '', '*', 'two\nlines', '차량', '-n', 'back\\slash']
      const result = await host.run([
        'sh',
        '-c',
        'for w; do printf "%s\\036" "$w"; done; echo problem >&2',
        'sh',
        ...words,
      ])
      expect(result.stdout.split('\x1e').slice(0, -1)).toEqual(words)
      expect(result).toMatchObject({ code: 0, stderr: 'problem\n', truncated: false })
    })

    it('tells exit codes and signals', async () => {
      expect((await sh('exit 42')).code).toBe(42)
      expect((await host.run(['no-such-program-anywhere'])).code).toBe(127)
      const killed = await sh('kill -TERM $$')
      expect(killed).toMatchObject({ code: 143, signal: 'SIGTERM' })
    })

    it('feeds stdin, large and binary', async () => {
      const bytes = randomBytes(3_000_000)
      const result = await host.run(['sha256sum'], { input: bytes })
      expect(result.stdout.slice(0, 64)).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect((await host.run(['cat'])).stdout).toBe('')
      expect((await host.run(['true'], { input: bytes })).code).toBe(0)
    })

    it('sets the environment', async () => {
      const result = await sh('printf %s "$COLOUR"; locale 2>/dev/null | grep -q LC_ALL=C && echo :C', {
        env: { COLOUR: "dark 'blue' $x" },
      })
      expect(result.stdout).toContain("dark 'blue' $x")
    })

    it('gives lines as they come', async () => {
      const seen: [string, string][] = []
      const go = `${there}-go`
      let answered: Promise<unknown> = Promise.resolve()
      const script = `echo out1; echo err1 >&2; until [ -e ${go} ]; do sleep 0.1; done; echo out2; echo err2 >&2; printf rest`
      const result = await sh(script, {
        onLine: (line: string, stream: string) => {
          seen.push([stream, line])
          // The command goes on once its first line was seen here.
          if (line === 'out1') answered = host.run(['touch', go])
        },
      })
      await answered
      await host.run(['rm', '-f', go])
      expect(seen.filter(([stream]) => stream === 'out').map(([, line]) => line)).toEqual(['out1', 'out2', 'rest'])
      expect(seen.filter(([stream]) => stream === 'err').map(([, line]) => line)).toEqual(['err1', 'err2'])
      expect(result.stdout.endsWith('rest')).toBe(true)
    })

    it('takes long output without lines in linear time and keeps no more than asked', async () => {
      let pieces = 0
      const result = await sh('head -c 20000000 /dev/zero | tr "\\0" x', { onLine: () => pieces++, maxOutput: 1000 })
      expect(result.stdout).toBe('x'.repeat(1000))
      expect(result.truncated).toBe(true)
      expect(pieces).toBe(Math.ceil(20_000_000 / 65_536))
    })

    it('ends the command and its children when its time is over', async () => {
      const mark = `3${Math.floor(Math.random() * 1e6)}`
      const stopped = sh(`sleep ${mark} & sleep ${mark}; echo never`, { timeoutMs: 700 })
      await expect(stopped).rejects.toMatchObject({ code: 'COMMAND_TIMED_OUT' })
      expect(await running(mark)).toBe(0)
    })

    it('ends the command and its children when it is interrupted, also one that ignores SIGTERM', async () => {
      const mark = `4${Math.floor(Math.random() * 1e6)}`
      const abort = new AbortController()
      setTimeout(() => abort.abort(), 700)
      const stopped = sh(`trap '' TERM; sleep ${mark} & sleep ${mark}; echo never`, { signal: abort.signal })
      await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' })
      expect(await running(mark)).toBe(0)
      await expect(sh('true', { signal: abort.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' })
    })

    it('does not wait for what a command leaves in the background', async () => {
      const mark = `5${Math.floor(Math.random() * 1e6)}`
      const result = await sh(`setsid sleep ${mark} & echo started`)
      expect(result).toMatchObject({ code: 0, stdout: 'started\n' })
      expect(await running(mark)).toBe(1)
      await host.run(['pkill', '-xf', `sleep ${mark}`])
    })

    it('runs a script of any length in one go, with nothing on its stdin', async () => {
      const lines = Array.from({ length: 4000 }, (_, index) => `n=$((n + ${index}))`)
      const result = await host.script(`${lines.join('\n')}\necho "$n"\ncat\necho behind\nexit 3`)
      expect(result).toMatchObject({ code: 3, stdout: `${(3999 * 4000) / 2}\nbehind\n` })
      const environment = await host.script('printf %s "$SECRET_WORD"', { env: { SECRET_WORD: "x 'y'" } })
      expect(environment.stdout).toBe("x 'y'")
    })

    it('runs many commands at once', async () => {
      const results = await Promise.all(Array.from({ length: 40 }, (_, index) => host.run(['echo', String(index)])))
      expect(results.map((result) => result.stdout.trim())).toEqual(
        Array.from({ length: 40 }, (_, index) => String(index)),
      )
    })

    it('writes, reads and describes files', async () => {
      const file = remote("odd ' name")
      expect(await host.readFile(file)).toBeUndefined()
      expect(await host.stat(file)).toBeUndefined()
      expect(await host.readFile('/etc/passwd/none')).toBeUndefined()
      const bytes = randomBytes(300_000)
      await host.writeFile(file, bytes, { mode: 0o640 })
      expect(Buffer.from((await host.readFile(file)) ?? []).equals(bytes)).toBe(true)
      expect(await host.stat(file)).toMatchObject({ kind: 'file', size: 300_000, mode: 0o640, owner: host.user })
      await host.writeFile(file, 'short')
      expect(await host.stat(file)).toMatchObject({ size: 5, mode: 0o644 })
      expect((await host.run(['ls', '-A', there])).stdout.trim()).toBe("odd ' name")
      expect(await host.stat(there)).toMatchObject({ kind: 'directory' })
      await host.run(['ln', '-s', 'nowhere', remote('link')])
      expect(await host.stat(remote('link'))).toMatchObject({ kind: 'link' })
      expect(await host.readFile(remote('link'))).toBeUndefined()
      await expect(host.readFile(there)).rejects.toMatchObject({ code: 'REMOTE_FILE_FAILED' })
      await expect(host.writeFile(remote('none/file'), 'x')).rejects.toMatchObject({ code: 'REMOTE_FILE_FAILED' })
      await expect(host.writeFile(there, 'x')).rejects.toMatchObject({ code: 'REMOTE_FILE_FAILED' })
    })

    it('uploads with progress, says when nothing is to do, and downloads', async () => {
      const bytes = randomBytes(9_000_001)
      const local = path.join(here, 'large')
      writeFileSync(local, bytes)
      const seen: number[] = []
      const target = remote('deep/er/large file')
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const first = await host.upload(local, target, { mode: 0o600, onProgress: (done) => seen.push(done) })
      expect(first).toMatchObject({ bytes: 9_000_001, status: 'written', resumedFrom: 0, sha256 })
      expect(seen.at(-1)).toBe(9_000_001)
      expect(await host.stat(target)).toMatchObject({ size: 9_000_001, mode: 0o600 })
      expect(await host.stat(`${target}.part`)).toBeUndefined()
      expect(await host.upload(local, target)).toMatchObject({ status: 'unchanged' })
      const back = path.join(here, 'back')
      expect(await host.download(target, back)).toMatchObject({ status: 'written', sha256 })
      expect(readFileSync(back).equals(bytes)).toBe(true)
      expect(() => statSync(`${back}.part`)).toThrow()
      expect(await host.download(target, back)).toMatchObject({ status: 'unchanged' })
      writeFileSync(local, '')
      expect(await host.upload(local, remote('empty'))).toMatchObject({ bytes: 0, status: 'written' })
      expect(await host.download(remote('empty'), back)).toMatchObject({ bytes: 0 })
      await expect(host.upload(path.join(here, 'none'), target)).rejects.toMatchObject({ code: 'FILE_ABSENT' })
      await expect(host.upload(local, there)).rejects.toMatchObject({ code: 'REMOTE_FILE_FAILED' })
      await expect(host.download(remote('none'), back)).rejects.toMatchObject({ code: 'REMOTE_FILE_FAILED' })
    })

    it('uploads a range of a file as a file of its own', async () => {
      const local = path.join(here, 'archive')
      const bytes = randomBytes(700_000)
      writeFileSync(local, bytes)
      const range = { offset: 1000, length: 600_000 }
      const wanted = bytes.subarray(1000, 601_000)
      expect(await host.upload(local, remote('part-of-it'), { range })).toMatchObject({
        bytes: 600_000,
        status: 'written',
        sha256: createHash('sha256').update(wanted).digest('hex'),
      })
      expect(Buffer.from((await host.readFile(remote('part-of-it'))) ?? []).equals(wanted)).toBe(true)
      expect(await host.upload(local, remote('part-of-it'), { range })).toMatchObject({ status: 'unchanged' })
    })

    it('resumes a broken upload, and starts again where the part is another content', async () => {
      const bytes = randomBytes(12_000_000)
      const local = path.join(here, 'resumed')
      writeFileSync(local, bytes)
      const target = remote('resumed')
      const abort = new AbortController()
      const broken = host.upload(local, target, {
        signal: abort.signal,
        onProgress: (done) => {
          if (done > 6_000_000) abort.abort()
        },
      })
      // A fast transport may be through before the abort is seen.
      const outcome = await broken.catch((error: { code: string }) => error.code)
      if (outcome !== 'INTERRUPTED') {
        await host.run(['sh', '-c', 'head -c 9000000 "$1" >"$1.part" && rm "$1"', 'sh', target])
      }
      const again = await host.upload(local, target)
      expect(again.resumedFrom).toBeGreaterThan(1_000_000)
      expect(again.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
      await host.run(['sh', '-c', 'rm "$1"; head -c 11000000 /dev/zero >"$1.part"', 'sh', target])
      expect(await host.upload(local, target)).toMatchObject({ resumedFrom: 0, status: 'written' })
      const check = await host.run(['sha256sum', target])
      expect(check.stdout.slice(0, 64)).toBe(again.sha256)
    })

    it('resumes a broken download, and starts again where the part is another content', async () => {
      const bytes = randomBytes(12_000_000)
      const source = remote('fetched')
      const sent = path.join(here, 'fetched')
      writeFileSync(sent, bytes)
      await host.upload(sent, source)
      const back = path.join(here, 'back-again')
      // What an interrupted one leaves: complete up to the window that was under way.
      writeFileSync(`${back}.part`, Buffer.concat([bytes.subarray(0, 8_000_000), Buffer.alloc(1_000_000)]))
      const resumed = await host.download(source, back)
      expect(resumed).toMatchObject({ bytes: 12_000_000, status: 'written' })
      expect(resumed.resumedFrom).toBeGreaterThan(1_000_000)
      expect(readFileSync(back).equals(bytes)).toBe(true)
      for (const left of [Buffer.alloc(11_000_000), Buffer.concat([bytes, bytes])]) {
        rmSync(back)
        writeFileSync(`${back}.part`, left)
        const again = await host.download(source, back)
        expect(again.resumedFrom > 0).toBe(left.length > bytes.length)
        expect(readFileSync(back).equals(bytes)).toBe(true)
      }
      expect(existsSync(`${back}.part`)).toBe(false)
      await host.run(['rm', source])
    }, 60_000)

    it('forwards a port', async () => {
      const port = await made.listen()
      await using forward = await host.forward(port)
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          fetch(`http://127.0.0.1:${forward.port}/`).then((response) => response.text()),
        ),
      )
      expect(new Set(answers)).toEqual(new Set(['hello\n']))
    })

    it('names the boot', async () => {
      const first = await host.bootId()
      expect(first).toMatch(/^[0-9a-f-]{36}\/\d+$/)
      expect(await host.bootId()).toBe(first)
    })
  })
}
