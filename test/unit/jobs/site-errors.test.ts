import { expect, it } from 'vitest'
import { siteLayout } from '../../../src/core/layout.js'
import { localFiles } from '../../../src/io/files.js'
import { siteTrouble } from '../../../src/jobs/site-errors.js'

const layout = siteLayout('/sites/pilot')
const refused = (path: string | undefined, code = 'EACCES') => Object.assign(new Error(code), { code, path })
const on = (writable: boolean) => ({
  layout,
  files: { ...localFiles, isWritable: async () => writable },
})

it('names the site when a path below it was refused because the site cannot be written', async () => {
  for (const code of ['EACCES', 'EPERM', 'EROFS'])
    expect(await siteTrouble(refused('/sites/pilot/.smartcar/locks/x.lock', code), on(false))).toMatchObject({
      code: 'SITE_NOT_WRITABLE',
      message: 'the site folder /sites/pilot cannot be written',
      cause: { code },
    })
})

it.each([
  ['another error', refused('/sites/pilot/x', 'ENOSPC'), false],
  ['a path elsewhere', refused('/sites/pilot-2/x'), false],
  ['an error without a path', refused(undefined), false],
  ['one file of a site that can be written', refused('/sites/pilot/x'), true],
  ['what is no error', undefined, false],
])('leaves %s as it is', async (_, error, writable) => {
  expect(await siteTrouble(error, on(writable))).toBe(error)
})
