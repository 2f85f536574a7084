/** Reading the name space over WebHDFS: what is where, how long, and since when. */
import { z } from 'zod'
import type { Cluster } from '../../core/cluster/cluster.js'
import { FailedError } from '../../core/errors.js'
import type { Http } from '../../core/ports.js'

const fileStatus = z.object({
  pathSuffix: z.string(),
  type: z.enum(['FILE', 'DIRECTORY', 'SYMLINK']),
  /** bytes */
  length: z.number(),
  /** milliseconds since 1970 */
  modificationTime: z.number(),
  owner: z.string(),
  permission: z.string(),
})
const listing = z.object({ FileStatuses: z.object({ FileStatus: z.array(fileStatus) }) })
const remoteException = z.object({ RemoteException: z.object({ exception: z.string(), message: z.string() }) })

export interface HdfsFile {
  /** Absolute. */
  readonly path: string
  readonly directory: boolean
  readonly length: number
  readonly modified: number
}

/** Address of a WebHDFS operation on an absolute path. */
export function pathUrl(cluster: Cluster, path: string, query: string): string {
  const { address, port } = cluster.endpoint('namenode', 'http')
  const encoded = path.split('/').map(encodeURIComponent).join('/')
  return `http://${address}:${port}/webhdfs/v1${encoded}?${query}`
}

/** Entries of a folder; undefined when it is not there. Throws FailedError HDFS_FAILED with HDFS's own words. */
export async function listFolder(
  cluster: Cluster,
  http: Http,
  path: string,
  user: string,
  signal: AbortSignal,
): Promise<readonly HdfsFile[] | undefined> {
  const url = pathUrl(cluster, path, `op=LISTSTATUS&user.name=${encodeURIComponent(user)}`)
  const response = await http.request({ method: 'GET', url, signal })
  const text = await response.text(64 * 1024 * 1024)
  if (response.status === 404) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const parsed = listing.safeParse(value)
  if (response.status === 200 && parsed.success) {
    return parsed.data.FileStatuses.FileStatus.map((entry) => ({
      path: entry.pathSuffix === '' ? path : `${path.replace(/\/$/, '')}/${entry.pathSuffix}`,
      directory: entry.type === 'DIRECTORY',
      length: entry.length,
      modified: entry.modificationTime,
    }))
  }
  const failure = remoteException.safeParse(value)
  throw new FailedError(
    'HDFS_FAILED',
    `HDFS could not list ${path}: ${failure.success ? failure.data.RemoteException.message.split('\n')[0] : `answer ${response.status}`}`,
    { place: { thing: path }, hints: ['smartcar cluster status hdfs'] },
  )
}

/** All files below a folder, sorted by path; empty when it is not there. Names that Hive does not read are left out. */
export async function filesBelow(
  cluster: Cluster,
  http: Http,
  path: string,
  user: string,
  signal: AbortSignal,
): Promise<readonly HdfsFile[]> {
  const entries = (await listFolder(cluster, http, path, user, signal)) ?? []
  const found: HdfsFile[] = []
  for (const entry of entries) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
    // Hive and Spark take these for temporary.
    if (name.startsWith('.') || name.startsWith('_')) continue
    if (entry.directory) found.push(...(await filesBelow(cluster, http, entry.path, user, signal)))
    else found.push(entry)
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}
