import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StackWorld, stackWorld } from './clients.js'

describe('postgres', () => {
  let on: StackWorld
  let services = ''
  let port = 0
  const secret = async (name: string) =>
    (await readFile(path.join(services, 'secrets', `postgres-${name}`), 'utf8')).trim()
  /** What a statement gives, or the code of the refusal. */
  const ask = async (user: string, database: string, password: string, sql = 'SELECT current_user AS who') => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, database, password })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(sql)).rows
    } catch (error) {
      return (error as { readonly code?: string }).code
    } finally {
      await client.end().catch(() => {})
    }
  }
  beforeAll(async () => {
    on = await stackWorld()
    services = path.join(on.stack.folder, 'smartcar-data', 'services')
    port = Number(/postgres: \{ client: (\d+) \}/.exec(await readFile(on.stack.site, 'utf8'))?.[1])
  })
  afterAll(() => on[Symbol.asyncDispose]())

  test('each account opens its own database with its own password, and nobody is superuser', async () => {
    const [metastore, smartcar] = [await secret('metastore'), await secret('smartcar')]
    expect(await ask('smartcar', 'smartcar', smartcar)).toEqual([{ who: 'smartcar' }])
    expect(await ask('metastore', 'metastore', metastore)).toEqual([{ who: 'metastore' }])
    expect(await ask('smartcar', 'smartcar', metastore)).toBe('28P01')
    expect(await ask('smartcar', 'metastore', smartcar)).toBe('28000')
    expect(await ask('postgres', 'postgres', smartcar)).toBe('28000')
    expect(await ask('smartcar', 'smartcar', smartcar, "COPY (SELECT 1) TO PROGRAM 'id'")).toBe('42501')
  })

  test('the metastore keeps its tables there', async () => {
    const sql = `SELECT "SCHEMA_VERSION" AS v FROM "VERSION"`
    expect(await ask('metastore', 'metastore', await secret('metastore'), sql)).toEqual([
      { v: expect.stringMatching(/^4\./) },
    ])
  })

  test('passwords stand in files for one account alone, and nowhere else', async () => {
    const secrets = [await secret('metastore'), await secret('smartcar')]
    for (const name of await readdir(path.join(services, 'secrets')))
      expect((await stat(path.join(services, 'secrets', name))).mode & 0o777, name).toBe(0o600)
    for (const folder of ['conf', 'run', 'logs', '../.smartcar/runs']) {
      const top = path.join(services, folder)
      for (const name of await readdir(top, { recursive: true })) {
        const file = path.join(top, name)
        if (!(await stat(file)).isFile()) continue
        const text = await readFile(file, 'latin1')
        for (const one of secrets) expect(text.includes(one), file).toBe(false)
      }
    }
    const commands = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    )
    for (const one of secrets) expect(commands.filter((words) => words.includes(one))).toEqual([])
  })

  test('kill -9: it recovers by itself', async () => {
    const pid = await on.pidOf('postgres')
    process.kill(pid, 'SIGKILL')
    await on.untilHealthy()
    expect(await on.pidOf('postgres')).not.toBe(pid)
    expect(await ask('smartcar', 'smartcar', await secret('smartcar'))).toEqual([{ who: 'smartcar' }])
  })
})
