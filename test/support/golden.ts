import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'vitest'
import { packageRoot } from '../../src/io/package-root.js'

/**
 * Compares with a committed file (path from the project's root); `SMARTCAR_UPDATE_GOLDEN=1 npm test` writes it instead,
 * so that a reviewer sees the change in the diff.
 */
export function expectGolden(file: string, actual: string): void {
  const target = path.join(packageRoot(), file)
  if (process.env.SMARTCAR_UPDATE_GOLDEN === '1') {
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, actual)
  }
  let expected = ''
  try {
    expected = readFileSync(target, 'utf8')
  } catch {
    // An absent golden file is a difference, not a crash.
  }
  expect(actual, `${file} differs: SMARTCAR_UPDATE_GOLDEN=1 npm test -- writes it anew`).toBe(expected)
}
