#!/usr/bin/env -S node --import tsx
// The same command line from the TypeScript sources: nothing built, so no manifest that could be stale.
import { runFromSource } from '../src/cli/main.ts'

await runFromSource(import.meta.url)
