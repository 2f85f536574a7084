import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { addRpmRepository } from '../support/package-repositories.js'
import { runCli } from '../support/run-cli.js'
import { startWeb } from '../support/web.js'

test('bundle create, check and use as a user runs them, with their exit codes', async () => {
  await using web = await startWeb()
  addRpmRepository(web, '7/os/x86_64/', [
    { name: 'nscd', requires: ['libc.so.6'] },
    { name: 'glibc', provides: ['libc.so.6'] },
    { name: 'ntp' },
  ])
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'smartcar-bundle-'))
  const site = path.join(cwd, 'smartcar.yaml')
  const text = `# mine
name: test
ssh: { connect_timeout: 1 }
hosts: { server01: { address: 127.0.0.1, ssh: { port: 1 } } }  # nobody answers there
provision:
  packages:   [nscd]  # one
  jdk: { package: none }
  repositories: { base: ${web.url}7 }
`
  try {
    await writeFile(site, text)
    const unreachable = await runCli(['bundle', 'create'], { cwd })
    expect(unreachable).toMatchObject({ code: 4, stderr: expect.stringContaining('bundle create --family') })
    const made = await runCli(['bundle', 'create', '--family', 'el7'], { cwd })
    expect(made).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^el7 +3 .*[\s\S]*wrote .*test-bundle\.tar: bundle [0-9a-f]{16}/m),
    })
    expect(made.stderr).toContain('download packages: 3 packages')
    const again = await runCli(['bundle', 'create', '--family', 'el7', '--json'], { cwd })
    expect(JSON.parse(again.stdout)).toMatchObject({ schemaVersion: 1, result: { status: 'unchanged' } })
    expect((await runCli(['bundle', 'check', 'test-bundle.tar'], { cwd })).stdout).toContain('is whole: bundle')
    expect((await runCli(['bundle', 'use', 'test-bundle.tar'], { cwd })).code).toBe(0)
    expect(await readFile(site, 'utf8')).toBe(text.replace('  packages:', '  bundle: test-bundle.tar\n  packages:'))
    expect((await runCli(['bundle', 'use', 'test-bundle.tar'], { cwd })).stdout).toContain('is unchanged')
    expect((await runCli(['bundle', 'use'], { cwd })).code).toBe(2)
    expect((await runCli(['bundle', 'use', 'test-bundle.tar', '--none'], { cwd })).stderr).toContain(
      'either a bundle or --none',
    )
    expect((await runCli(['bundle', 'use', '--none'], { cwd })).code).toBe(0)
    expect(await readFile(site, 'utf8')).toBe(text)
    const bytes = await readFile(path.join(cwd, 'test-bundle.tar'))
    await writeFile(path.join(cwd, 'cut.tar'), bytes.subarray(0, bytes.byteLength - 3000))
    const cut = await runCli(['bundle', 'check', 'cut.tar', '--json'], { cwd })
    expect(cut.code).toBe(5)
    expect(JSON.parse(cut.stdout)).toMatchObject({
      error: { code: 'BUNDLE_DAMAGED', message: expect.stringContaining('cut off') },
    })
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
})
