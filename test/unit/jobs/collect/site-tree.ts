import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { SiteLayout } from '../../../../src/core/layout.js'

/**
 * Every file of the lake, the rejects and the saved positions by its path in the site, with its bytes; of manifests
 * without the time at which they were written. Whatever was left over (temporary files, folders of them) shows up.
 */
export async function siteTree(layout: SiteLayout): Promise<Record<string, string>> {
  const tree: Record<string, string> = {}
  for (const folder of [layout.lake, layout.rejects, path.join(layout.state, 'collect')]) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const file = path.join(entry.parentPath, entry.name)
      const name = path.relative(layout.root, file).split(path.sep).join('/')
      if (entry.isDirectory()) {
        if (entry.name === '_tmp') tree[`${name}/`] = ''
        continue
      }
      const text = await readFile(file, 'latin1')
      tree[name] = text.replace(/"collectedAt": "[^"]+"/, '"collectedAt": ""')
    }
  }
  return Object.fromEntries(Object.entries(tree).sort())
}
