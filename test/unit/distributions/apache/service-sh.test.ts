import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseState, type RoleState } from '../../../../src/distributions/apache/role-control.js'
import { packageRoot } from '../../../../src/io/package-root.js'
import { isAlive, localProcesses } from '../../../../src/io/processes.js'

const supervisorFile = path.join(packageRoot(), 'templates', 'apache', 'service.sh')

async function until<T>(what: string, look: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface Service extends AsyncDisposable {
  readonly root: string
  /** Of the service's own making, by name. */
  file(name: string): string
  read(file: string): Promise<string>
  run(verb: 'start' | 'stop' | 'state', word?: string): Promise<{ code: number; stdout: string; stderr: string }>
  state(): Promise<RoleState>
  stateText(): Promise<string>
  /** The two lines of a pid file. */
  noted(kind: 'pid' | 'supervisor'): Promise<readonly [pid: number, birth: string]>
}

/** A service below a folder with blanks and a quote in its name, run by dash where there is one (Debian's sh). */
async function service(body: string, env: Readonly<Record<string, string>> = {}): Promise<Service> {
  const top = await mkdtemp(path.join(os.tmpdir(), 'smartcar-service-'))
  const root = path.join(top, "it's a folder")
  await mkdir(path.join(root, 'run'), { recursive: true })
  await mkdir(path.join(root, 'logs'))
  await writeFile(path.join(root, 'run', 'web.sh'), `#!/bin/sh\ncd '${root.replaceAll("'", `'\\''`)}'\n${body}\n`)
  await chmod(path.join(root, 'run', 'web.sh'), 0o755)
  const read = (file: string) => readFile(path.join(root, file), 'utf8').catch(() => '')
  const run: Service['run'] = (verb, word) =>
    localProcesses.run(['sh', supervisorFile, root, verb, 'web', ...(word === undefined ? [] : [word])], { env })
  const stateText = async () => (await run('state')).stdout
  return {
    root,
    file: (name) => path.join(root, name),
    read,
    run,
    stateText,
    state: async () => parseState(await stateText()),
    async noted(kind) {
      const [pid = '', birth = ''] = (await read(`run/web.${kind}`)).split('\n')
      return [Number(pid), birth]
    },
    async [Symbol.asyncDispose]() {
      await run('stop', '1')
      await rm(top, { recursive: true, force: true })
    },
  }
}

const running = (one: Service) =>
  until('running', async () => {
    const found = await one.state()
    return found.state === 'running' ? found : undefined
  })

/** Ended and reaped, or a zombie of a container whose first process reaps nobody. */
async function gone(pid: number): Promise<true | undefined> {
  if (!isAlive(pid)) return true
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text === '' || / Z /.test(text) ? true : undefined
}

const steady = 'echo "begun $$" >>begun; echo hello; exec sleep 1000'

describe.concurrent('a service that runs', () => {
  it('is started, asked and stopped', async () => {
    await using one = await service(steady)
    expect(await one.state()).toEqual({ state: 'stopped', ends: 0 })
    expect(await one.run('start', 'digest1')).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const found = await running(one)
    expect(found).toEqual({ state: 'running', pid: expect.any(Number), started: 'digest1', ends: 0 })
    // The script has become the service: what is watched is the program itself.
    await until('sleep', async () =>
      (await readFile(`/proc/${found.pid}/cmdline`, 'utf8')) === 'sleep\x001000\x00' ? true : undefined,
    )
    expect(await one.read('logs/web.log')).toBe('hello\n')
    const [supervisor] = await one.noted('supervisor')
    expect(await one.run('stop', '20')).toEqual({ code: 0, stdout: 'stopped\n', stderr: '' })
    expect(await gone(found.pid ?? 0)).toBe(true)
    expect(await gone(supervisor)).toBe(true)
    expect(await one.state()).toEqual({ state: 'stopped', ends: 0 })
    expect((await readdir(one.file('run'))).filter((name) => /pid|supervisor|started|ends|new/.test(name))).toEqual([])
    expect(await one.run('stop')).toMatchObject({ code: 0, stdout: 'stopped\n' })
  })

  it('is there for whoever asks right after the start', async () => {
    await using one = await service(steady)
    await one.run('start', 'd')
    expect(['waiting', 'running']).toContain((await one.state()).state)
  })

  it('is stopped also when the stop follows the start at once', async () => {
    for (let round = 0; round < 5; round++) {
      await using one = await service(steady)
      await one.run('start', 'd')
      expect((await one.run('stop', '20')).stdout).toBe('stopped\n')
      expect((await one.state()).state).toBe('stopped')
      for (const line of (await one.read('begun')).split('\n').filter((text) => text !== ''))
        expect(await gone(Number(line.split(' ')[1]))).toBe(true)
    }
  })

  it('is started once by two starts, one after the other or side by side', async () => {
    await using one = await service(steady)
    await Promise.all([one.run('start', 'd'), one.run('start', 'd'), one.run('start', 'd')])
    const { pid } = await running(one)
    await one.run('start', 'd')
    expect((await one.state()).pid).toBe(pid)
    expect((await one.read('begun')).trim().split('\n')).toEqual([`begun ${pid}`])
  })

  it('is killed after the given seconds when it ignores SIGTERM', async () => {
    await using one = await service('trap "" TERM; echo deaf; while :; do sleep 0.1; done')
    await one.run('start', 'd')
    const { pid = 0 } = await running(one)
    await until('it is deaf', async () => ((await one.read('logs/web.log')).includes('deaf') ? true : undefined))
    const began = performance.now()
    expect((await one.run('stop', '2')).stdout).toBe('killed\n')
    expect(performance.now() - began).toBeGreaterThan(1000)
    expect(await gone(pid)).toBe(true)
    expect((await one.state()).state).toBe('stopped')
  })
})

describe.concurrent('a service that ends by itself', () => {
  it('is started again after pauses that grow, and given up after five quick ends', async () => {
    await using one = await service('date +%s >>starts; echo "no luck" >&2; exit 7')
    await one.run('start', 'd')
    const waiting = await until('a first end', async () => {
      const found = await one.state()
      return found.ends > 0 ? found : undefined
    })
    expect(waiting).toMatchObject({
      state: 'waiting',
      lastEnd: expect.stringMatching(/ web ended by itself with code 7$/),
    })
    const failed = await until(
      'given up',
      async () => {
        const found = await one.state()
        return found.state === 'failed' ? found : undefined
      },
      60_000,
    )
    expect(failed).toEqual({
      state: 'failed',
      started: 'd',
      ends: 5,
      lastEnd: expect.stringMatching(/ web ended by itself with code 7, given up after 5 quick ends$/),
    })
    const starts = (await one.read('starts')).trim().split('\n').map(Number)
    const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
    expect(pauses).toHaveLength(4)
    for (const [index, least] of [1, 2, 4, 8].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least)
    expect(await one.read('logs/web.log')).toMatch(/no luck\n.* web ended by itself with code 7\n/)
    // A start is a new beginning, and what is stopped is not failed.
    await writeFile(one.file('run/web.sh'), '#!/bin/sh\nexec sleep 1000\n')
    await one.run('start', 'd2')
    expect(await running(one)).toMatchObject({ started: 'd2', ends: 0 })
  })

  it('is stopped, not failed, once it was stopped', async () => {
    await using one = await service('[ -e second ] && exec sleep 1000; : >second; exit 3')
    await one.run('start', 'd')
    await until('started again', async () => {
      const found = await one.state()
      return found.state === 'running' && found.ends === 1 ? true : undefined
    })
    await one.run('stop', '20')
    expect(await one.state()).toEqual({ state: 'stopped', ends: 0 })
  })

  it('is not failed when it was started again and the host went down later', async () => {
    await using one = await service('[ -e second ] && exec sleep 1000; : >second; exit 3')
    await one.run('start', 'd')
    const { pid = 0 } = await until('started again', async () => {
      const found = await one.state()
      return found.state === 'running' && found.ends === 1 ? found : undefined
    })
    process.kill((await one.noted('supervisor'))[0], 'SIGKILL')
    process.kill(pid, 'SIGKILL')
    await until('gone', () => gone(pid))
    expect(await one.state()).toMatchObject({ state: 'stopped', started: 'd', ends: 1 })
  })

  it('is stopped within the time while it waits for its next start', async () => {
    await using one = await service('echo x >>starts; exit 1')
    await one.run('start', 'd')
    await until('two ends', async () => ((await one.state()).ends >= 2 ? true : undefined))
    expect((await one.run('stop', '20')).stdout).toBe('stopped\n')
    const starts = await one.read('starts')
    expect((await one.state()).state).toBe('stopped')
    expect(await one.read('starts')).toBe(starts)
  })
})

describe.concurrent('without its supervisor', () => {
  it('goes on, is said to be unsupervised, and ends before another one starts', async () => {
    await using one = await service(steady)
    await one.run('start', 'old')
    const { pid = 0 } = await running(one)
    const [supervisor] = await one.noted('supervisor')
    process.kill(supervisor, 'SIGKILL')
    await until('the supervisor is gone', () => gone(supervisor))
    expect(await one.state()).toEqual({ state: 'running', pid, started: 'old', ends: 0, unsupervised: true })
    await one.run('start', 'new')
    expect(await gone(pid)).toBe(true)
    const next = await running(one)
    expect(next).toMatchObject({ started: 'new', ends: 0 })
    expect(next).not.toHaveProperty('unsupervised')
    expect(next.pid).not.toBe(pid)
    expect((await one.read('begun')).trim().split('\n')).toHaveLength(2)
  })

  it('is stopped as well', async () => {
    await using one = await service(steady)
    await one.run('start', 'd')
    const { pid = 0 } = await running(one)
    const [supervisor] = await one.noted('supervisor')
    process.kill(supervisor, 'SIGKILL')
    await until('the supervisor is gone', () => gone(supervisor))
    expect((await one.run('stop', '20')).stdout).toBe('stopped\n')
    expect(await gone(pid)).toBe(true)
  })
})

describe.concurrent('a process id that was given to another process', () => {
  it.each([
    ['pid', '12345\n'],
    ['supervisor', '12345\n'],
    ['pid', ''],
    ['supervisor', ''],
  ] as const)('in the %s file (start time %j) is left alone', async (kind, birth) => {
    await using one = await service(steady)
    const other = spawn('sleep', ['1000'])
    const ended = once(other, 'exit')
    try {
      await writeFile(one.file(`run/web.${kind}`), `${other.pid}\n${birth}`)
      expect((await one.state()).state).toBe('stopped')
      expect((await one.run('stop', '5')).stdout).toBe('stopped\n')
      await writeFile(one.file(`run/web.${kind}`), `${other.pid}\n${birth}`)
      await one.run('start', 'd')
      expect((await running(one)).pid).not.toBe(other.pid)
      expect(await gone(other.pid ?? 0)).toBeUndefined()
    } finally {
      other.kill('SIGKILL')
      await ended
    }
  })
})

describe.concurrent('the log', () => {
  it('is rotated before a start, and five old ones are kept', async () => {
    await using one = await service(steady, { SMARTCAR_LOG_SIZE: '100' })
    for (let round = 1; round <= 7; round++) {
      await writeFile(one.file('logs/web.log'), `round ${round} ${'x'.repeat(120)}\n`)
      await one.run('start', 'd')
      await running(one)
      await one.run('stop', '20')
    }
    expect((await readdir(one.file('logs'))).sort()).toEqual([
      'web.log',
      'web.log.1',
      'web.log.2',
      'web.log.3',
      'web.log.4',
      'web.log.5',
    ])
    expect((await one.read('logs/web.log.1')).slice(0, 7)).toBe('round 7')
    expect((await one.read('logs/web.log.5')).slice(0, 7)).toBe('round 3')
  })

  it('is rotated while the service writes, and nothing is renamed under it', async () => {
    await using one = await service('n=0; while :; do n=$((n + 1)); echo "line $n of the log"; sleep 0.05; done', {
      SMARTCAR_LOG_SIZE: '200',
      SMARTCAR_LOG_EVERY: '1',
    })
    await one.run('start', 'd')
    const { ino } = await until('a log', () => stat(one.file('logs/web.log')).catch(() => undefined))
    await until('two rotations', async () => ((await one.read('logs/web.log.2')) === '' ? undefined : true))
    expect((await stat(one.file('logs/web.log'))).ino).toBe(ino)
    const text = await until('it goes on in the log', async () => (await one.read('logs/web.log')) || undefined)
    expect(text.startsWith('line ')).toBe(true)
    expect(text).not.toContain('\0')
  })

  it('is left alone below 50 MB', async () => {
    await using one = await service(steady)
    await writeFile(one.file('logs/web.log'), 'x'.repeat(1_000_000))
    await one.run('start', 'd')
    await running(one)
    expect(await readdir(one.file('logs'))).toEqual(['web.log'])
  })
})

it('a word that it does not know is an error', async () => {
  const { code, stderr } = await localProcesses.run(['sh', supervisorFile, '/nowhere', 'kill', 'web'])
  expect(code).toBe(2)
  expect(stderr).toContain("what is 'kill'?")
})
