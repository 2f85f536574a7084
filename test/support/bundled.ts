import path from 'node:path'
import { build } from 'esbuild'
import { packageRoot } from '../../src/io/package-root.js'

/**
 * A program of the tests as one file of JavaScript in `folder`: a start through tsx takes longer than the work that is
 * looked at. `source` is relative to test/. With packages left outside, `folder` lies below node_modules, where they are
 * found.
 */
export async function bundled(
  source: string,
  folder: string,
  packages: 'bundle' | 'external' = 'bundle',
): Promise<string> {
  const outfile = path.join(folder, path.basename(source).replace(/\.ts$/, '.mjs'))
  await build({
    entryPoints: [path.join(packageRoot(), 'test', source)],
    outfile,
    bundle: true,
    packages,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  return outfile
}
