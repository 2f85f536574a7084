import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { commandReference, type Manifest, surface } from '../../scripts/command-reference.js'
import { siteJsonSchema } from '../../src/core/site/schema.js'
import { packageRoot } from '../../src/io/package-root.js'
import { expectGolden } from '../support/golden.js'

const manifest = JSON.parse(readFileSync(path.join(packageRoot(), 'oclif.manifest.json'), 'utf8')) as Manifest

it('pins commands, flags, environment names and exit codes', () => {
  expectGolden('test/golden/surface.json', `${JSON.stringify(surface(manifest), null, 2)}\n`)
})

it('keeps docs/commands.md in step with the commands', () => {
  expectGolden('docs/commands.md', commandReference(manifest))
})

it('keeps the JSON schema of the site file in step with the code', () => {
  expectGolden('docs/smartcar.schema.json', `${JSON.stringify(siteJsonSchema(), null, 2)}\n`)
})

it('has a summary and an example for every command', () => {
  const bare = Object.values(manifest.commands).filter((command) => !command.summary || !command.examples?.length)
  expect(bare.map((command) => command.id)).toEqual([])
})
