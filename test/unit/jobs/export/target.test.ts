import { expect, test } from 'vitest'
import { chooseTarget } from '../../../../src/jobs/export/target.js'

const dwh = { url: 'postgres://loader@db:5433/pilot?sslmode=verify-full', schema: 'marts', passwordEnv: 'DWH_PASSWORD' }
const site = { export: { target: 'dwh', targets: { dwh } } }

test('the default of the site, its names, files and URLs', () => {
  expect(chooseTarget(undefined, site, {})).toMatchObject({
    kind: 'postgres',
    schema: 'marts',
    passwordEnv: 'DWH_PASSWORD',
    connection: { host: 'db', port: 5433, user: 'loader', database: 'pilot', sslMode: 'verify-full' },
  })
  for (const kind of ['embedded', 'csv', 'parquet']) expect(chooseTarget(kind, site, {})).toEqual({ kind })
  expect(chooseTarget('postgresql://db/pilot', site, { USER: 'me' })).toMatchObject({
    schema: 'public',
    connection: { user: 'me', port: 5432, sslMode: 'disable' },
  })
})

test('unknown names suggest the nearest; what may hold a password is never repeated', () => {
  expect(() => chooseTarget('dhw', site, {})).toThrow('there is no export target "dhw" (did you mean "dwh"?)')
  expect(() => chooseTarget('toString', site, {})).toThrow('there is no export target')
  for (const text of [
    'mysql://me:secret@db/x',
    'postgres://me:secret@db/x',
    'postgres://me:sec ret@:x',
    'postgres://me@db/x?password=secret',
  ]) {
    let message = ''
    try {
      chooseTarget(text, site, {})
    } catch (error) {
      message = JSON.stringify([String(error), error])
    }
    expect(message).not.toBe('')
    expect(message).not.toMatch(/secret|sec ret/)
  }
})
