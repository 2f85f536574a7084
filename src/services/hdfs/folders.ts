/** The folders that the pilot and its services need in HDFS. */
import { z } from 'zod'
import type { Cluster } from '../../core/cluster/cluster.js'
import type { ProbeTools, Setup } from '../../core/cluster/service.js'
import { FailedError, throwIfInterrupted } from '../../core/errors.js'
import type { Change } from '../../core/plan/step.js'
import { pathUrl } from './listing.js'

interface Folder {
  readonly path: string
  /** As chmod takes it. */
  readonly permission: string
}

/** `/tmp` is everybody's; the collector's and the warehouse's folders belong to the account of the services. */
function folders(cluster: Cluster, user: string): readonly Folder[] {
  const landing = ['car-batch-log', 'drive-log', 'car-master', 'buy-list']
  return [
    { path: '/tmp', permission: '1777' },
    { path: '/user', permission: '755' },
    { path: `/user/${user}`, permission: '755' },
    ...landing.map((name) => ({ path: `/pilot-pjt/collect/${name}`, permission: '755' })),
    ...(cluster.services.includes('hive')
      ? [
          { path: '/tmp/hive', permission: '733' },
          { path: '/user/hive/warehouse', permission: '775' },
        ]
      : []),
    ...(cluster.services.includes('hbase') ? [{ path: '/hbase', permission: '755' }] : []),
  ]
}

const status = z.object({ FileStatus: z.object({ type: z.string(), permission: z.string() }) })
const failure = z.object({ RemoteException: z.object({ message: z.string() }) })

async function ask(
  cluster: Cluster,
  tools: ProbeTools,
  method: 'GET' | 'PUT',
  path: string,
  query: string,
): Promise<{ readonly code: number; readonly value: unknown }> {
  const response = await tools.http.request({ method, url: pathUrl(cluster, path, query), signal: tools.signal })
  const text = await response.text()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  return { code: response.status, value }
}

function refused(path: string, answer: { readonly code: number; readonly value: unknown }): FailedError {
  const parsed = failure.safeParse(answer.value)
  const words = parsed.success ? parsed.data.RemoteException.message.split('\n')[0] : `answer ${answer.code}`
  return new FailedError('HDFS_FAILED', `HDFS did not make ${path}: ${words}`, {
    place: { thing: path },
    hints: ['smartcar cluster status hdfs', 'in safe mode nothing can be written: smartcar doctor'],
  })
}

/** Permission bits of a folder; undefined when it is not there. */
async function permissionOf(cluster: Cluster, tools: ProbeTools, path: string, user: string) {
  const answer = await ask(cluster, tools, 'GET', path, `op=GETFILESTATUS&user.name=${encodeURIComponent(user)}`)
  const parsed = status.safeParse(answer.value)
  return answer.code === 200 && parsed.success ? parsed.data.FileStatus.permission : undefined
}

/** Makes what is missing; a folder that is there keeps its permission, since somebody may have chosen it. */
export const hdfsFolders: Setup = {
  name: 'folders',
  title: 'folders in HDFS',
  reason: 'the collector, Hive, HBase and every user need a folder of their own',
  async find(cluster, user, tools) {
    const changes: Change[] = []
    for (const { path, permission } of folders(cluster, user)) {
      throwIfInterrupted(tools.signal)
      if ((await permissionOf(cluster, tools, path, user)) === undefined)
        changes.push({ kind: 'create', summary: `make ${path} in HDFS`, after: permission })
    }
    return changes
  },
  async apply(cluster, user, tools) {
    for (const { path, permission } of folders(cluster, user)) {
      if ((await permissionOf(cluster, tools, path, user)) !== undefined) continue
      const name = encodeURIComponent(user)
      const made = await ask(cluster, tools, 'PUT', path, `op=MKDIRS&permission=${permission}&user.name=${name}`)
      if (made.code !== 200) throw refused(path, made)
      // MKDIRS takes no sticky bit, and its permission goes through the umask.
      const set = await ask(cluster, tools, 'PUT', path, `op=SETPERMISSION&permission=${permission}&user.name=${name}`)
      if (set.code !== 200) throw refused(path, set)
    }
  },
}
