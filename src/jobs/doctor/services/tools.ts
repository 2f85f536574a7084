import { FailedError } from '../../../core/errors.js'
import { shellPrelude } from '../../../core/plan/batch.js'
import { type Change, changeOrOk, type Step } from '../../../core/plan/step.js'
import { shellQuote } from '../../../core/transport.js'
import { pathUrl } from '../../../services/hdfs/listing.js'
import type { ServicesLook } from '../check.js'

/** A repair as a step: `find` says what is wrong, nothing once it is mended. */
export function repair(
  head: Pick<Step, 'id' | 'title' | 'reason'> & { readonly host: string },
  find: () => Promise<readonly Change[]>,
  apply: Step['apply'],
): Step {
  return { ...head, group: 'repair', needs: [], check: async () => changeOrOk(await find()), apply }
}

/** Whether `user` may do `action` (`-wx`) in a folder, by HDFS's own judgement. */
export async function mayAccess(
  look: Pick<ServicesLook, 'cluster' | 'tools'>,
  path: string,
  action: string,
  user: string,
): Promise<'yes' | 'no' | 'absent'> {
  const url = pathUrl(look.cluster, path, `op=CHECKACCESS&fsaction=${action}&user.name=${encodeURIComponent(user)}`)
  const response = await look.tools.http.request({ method: 'GET', url, signal: look.tools.signal })
  const text = await response.text()
  if (response.status === 200) return 'yes'
  if (response.status === 404) return 'absent'
  if (response.status === 403 && text.includes('AccessControlException')) return 'no'
  throw new FailedError('HDFS_FAILED', `HDFS answered ${response.status} when asked who may write to ${path}`)
}

/** The newest lines of a role's log that match an extended regular expression, of its last `lines`. */
export async function logLines(
  { world }: Pick<ServicesLook, 'world'>,
  host: { readonly name: string; readonly folders: { readonly logs: string } },
  role: string,
  pattern: string,
  lines = 2000,
): Promise<readonly string[]> {
  const file = shellQuote(`${host.folders.logs}/${role}.log`)
  const script = `${shellPrelude}tail -n ${lines} ${file} 2>/dev/null | grep -E ${shellQuote(pattern)} | tail -n 5 || :`
  const { stdout } = await world.shell(host.name, script)
  return stdout.split('\n').filter((line) => line.trim() !== '')
}

/** A log line without what no reader needs, for evidence. */
export function short(line: string, most = 240): string {
  const text = line.trim()
  return text.length > most ? `${text.slice(0, most)}…` : text
}
