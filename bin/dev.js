#!/usr/bin/env -S node --import tsx
// The same command line from the TypeScript sources: nothing is built, so nothing can be stale.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runFromSource } from '../src/cli/main.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const pjson = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
pjson.oclif.commands = './commands'
// Whatever was built stays as it is, and is not looked at.
pjson.oclif.helpClass = './src/cli/help.ts'
await runFromSource(root, pjson)
