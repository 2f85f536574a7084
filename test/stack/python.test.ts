import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { packageRoot } from '../../src/io/package-root.js'
import { type StackWorld, stackWorld } from './clients.js'
import { buildPilotData } from './pilot-data.js'

const example = path.join(packageRoot(), 'examples', 'python')

describe('examples/python', () => {
  let on: StackWorld
  let python: string
  let port: number
  beforeAll(async () => {
    on = await stackWorld()
    await buildPilotData(on)
    const site = parse(await readFile(on.stack.site, 'utf8')) as {
      services: { hive: { hiveserver2: { thrift: number } } }
    }
    port = site.services.hive.hiveserver2.thrift
    const environment = path.join(on.folder, 'venv')
    await execa('python3', ['-m', 'venv', environment])
    python = path.join(environment, 'bin', 'python')
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    await execa(python, [...pip, '-r', path.join(example, 'requirements.txt')])
  })
  afterAll(() => on[Symbol.asyncDispose]())

  const read = (...words: readonly string[]) =>
    execa(python, [path.join(example, 'read_mart.py'), ...words], { reject: false })

  test('reads a mart of Hive and prints it', async () => {
    const { exitCode, stdout } = await read('--port', String(port), '--day', '20200322')
    expect(exitCode).toBe(0)
    const [head = '', , ...rows] = stdout.split('\n')
    expect(head.split(/ +/)).toEqual([
      'car_number',
      'speed_p_avg',
      'speed_p_symptom',
      'break_p_avg',
      'break_p_symptom',
      'steer_a_cnt',
      'steer_p_symptom',
      'biz_date',
    ])
    expect(rows.slice(0, 5).map((row) => row.slice(0, 5))).toEqual(['E0022', 'U0024', 'W0023', 'W0025', 'X0021'])
    expect(rows.at(-1)).toBe('5 rows')
  })

  test('ends with a code of its own where nothing answers or is asked wrongly', async () => {
    expect((await read('--port', '1')).exitCode).toBe(4)
    expect((await read('--port', String(port), '--database', 'absent')).exitCode).toBe(1)
    expect((await read('--day', "2020'")).exitCode).toBe(2)
  })
})
