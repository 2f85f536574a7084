import path from 'node:path'
import { build } from 'esbuild'
import { packageRoot } from '../../../../src/io/package-root.js'

/** A program of this folder as one file of JavaScript: a start through tsx takes longer than the work that is looked at. */
export async function bundled(name: string, folder: string): Promise<string> {
  const outfile = path.join(folder, name.replace(/\.ts$/, '.mjs'))
  await build({
    entryPoints: [path.join(packageRoot(), 'test/unit/jobs/collect', name)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  return outfile
}
