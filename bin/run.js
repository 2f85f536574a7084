#!/usr/bin/env node
// The installed entry: all that start-up needs is in a few bundled files.
import { fileURLToPath } from 'node:url'
import { run } from '../dist/src/cli/main.js'

await run(fileURLToPath(new URL('..', import.meta.url)))
