import { createHash, randomBytes } from 'node:crypto'
import path from 'node:path'
import type { SecretName } from '../../core/cluster/service.js'
import type { JobContext } from '../../core/ports.js'
import type { SecretStore } from '../../distributions/apache/steps-input.js'

/** Where this machine keeps a secret of the services. */
function secretFile(name: SecretName, { layout }: Pick<JobContext, 'layout'>): string {
  return path.join(layout.secrets, name)
}

/** The secret itself; undefined while there is none. */
export async function readSecret(
  name: SecretName,
  context: Pick<JobContext, 'layout' | 'files'>,
): Promise<string | undefined> {
  return (await context.files.readText(secretFile(name, context)))?.split('\n')[0]
}

/** The secrets of a site's services on this machine. */
export function secretStore(context: Pick<JobContext, 'layout' | 'files'>): SecretStore {
  const { files, layout } = context
  const made = new Map<SecretName, Promise<void>>()
  const file = (name: SecretName) => secretFile(name, context)
  const make = async (name: SecretName) => {
    if ((await files.stat(file(name))) !== undefined) return
    await files.mkdir(layout.secrets, { mode: 0o700 })
    await files.writeAtomic(file(name), `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  }
  return {
    path: file,
    async digest(name) {
      const text = await files.readText(file(name))
      return text === undefined ? undefined : createHash('sha256').update(text).digest('hex')
    },
    make(name) {
      // Hosts ask side by side.
      const once = made.get(name) ?? make(name)
      made.set(name, once)
      return once
    },
  }
}
