#!/usr/bin/env node
// The installed entry: all that start-up needs is in a few bundled files.
import { fileURLToPath } from 'node:url'
import { run } from '../dist/src/cli/main.js'

// Not awaited: what waits for a reader that has gone (`| head`) never ends, and Node would warn of it.
run(fileURLToPath(new URL('..', import.meta.url)))
