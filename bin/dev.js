#!/usr/bin/env -S node --import tsx
// The same command line from the TypeScript sources: nothing is built, so nothing can be stale.
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runFromSource } from '../src/cli/main.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
// oclif prefers a manifest to the sources; without its stamp the next `npm start` or `npm test` builds anew.
for (const stale of ['oclif.manifest.json', 'dist/.built-from']) rmSync(`${root}/${stale}`, { force: true })
const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
pjson.oclif.commands = './commands'
pjson.oclif.helpClass = './src/cli/help.ts'
await runFromSource(root, pjson)
