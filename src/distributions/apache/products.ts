import type { ProductName } from '../../core/cluster/service.js'
import { FailedError } from '../../core/errors.js'

/** One file of a product, as `provisioning/apache/<product>/artifacts.lock` pins it. */
export interface Artifact {
  readonly sha256: string
  /** bytes */
  readonly size: number
  /** Where it goes below the product's folder: `lib/kafka_2.13-3.9.1.jar`. */
  readonly target: string
  /** Where a Maven repository has it: `org/apache/kafka/kafka_2.13/3.9.1/kafka_2.13-3.9.1.jar`. */
  readonly path: string
}

export interface Product {
  readonly name: ProductName
  /** Version of the product itself: `3.9.1`. */
  readonly version: string
  /** `3.9.1-1f3a9c2e`: changes with every file. */
  readonly id: string
  readonly artifacts: readonly Artifact[]
  /** Bytes of all files. */
  readonly size: number
}

/** A path below a folder, which leads out of it nowhere. */
const below = /^(?!\.\.?\/)[\w.+-]+(\/(?!\.\.?(\/|$))[\w.+-]+)*$/

/**
 * A lock file: a line `version <version>`, then `<sha256> <size> <target> <path>` for every file. `digest` is the hash
 * of the text, so that every change of a file makes another product. Throws FailedError when a line is none.
 */
export function parseLock(name: ProductName, text: string, digest: string): Product {
  const artifacts: Artifact[] = []
  const targets = new Set<string>()
  let version = ''
  const damaged = (what: string) =>
    new FailedError('LOCK_DAMAGED', `${what} of the list of files of ${name} is damaged`, {
      hints: ['install smartcar anew'],
    })
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue
    const words = line.split(' ')
    if (words[0] === 'version' && words[1] !== undefined) {
      version = words[1]
      continue
    }
    const [sha256 = '', size = '', target = '', path = '', ...more] = words
    if (
      !/^[0-9a-f]{64}$/.test(sha256) ||
      !/^\d+$/.test(size) ||
      !target.includes('/') ||
      !below.test(target) ||
      !below.test(path) ||
      more.length > 0 ||
      targets.has(target)
    ) {
      throw damaged(`line ${index + 1}`)
    }
    targets.add(target)
    artifacts.push({ sha256, size: Number(size), target, path })
  }
  if (version === '' || artifacts.length === 0) throw damaged('the end')
  return {
    name,
    version,
    id: `${version}-${digest.slice(0, 8)}`,
    artifacts,
    size: artifacts.reduce((sum, artifact) => sum + artifact.size, 0),
  }
}
