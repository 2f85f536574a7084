#!/usr/bin/env node
// The installed entry: everything that start-up needs is one bundled file.
import { run } from '../dist/src/cli/main.js'

await run(import.meta.url)
