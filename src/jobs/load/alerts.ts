/** Alerts of `stream run` into HDFS, so that the engines of a cluster can be asked for them. */
import path from 'node:path'
import { isDay } from '../../core/calendar.js'
import { type Hdfs, hdfsPath } from '../../services/hdfs/client.js'
import { putFile } from '../hdfs/put.js'
import type { HostsContext } from '../provision/context.js'
import { alertDayFolder, alertFileName } from '../stream/alert-files.js'

const table = 'speeding_alerts'
/** As the definition of the table has it. */
export const alertsFolder = '/pilot-pjt/collect/speeding-alerts'

export interface AlertFile {
  readonly day: string
  /** Without the header line, which the engines would take for a row. */
  readonly text: string
  readonly rows: number
}

/** What `stream run` found by the built-in rule, day by day. */
export async function alertFiles(context: HostsContext): Promise<readonly AlertFile[]> {
  const folders = await context.files.list(path.join(context.layout.alerts, table))
  const days = folders.flatMap(({ name }) => (isDay(name.slice('day='.length)) ? [name.slice('day='.length)] : []))
  const read = days.map(async (day): Promise<AlertFile | undefined> => {
    const whole = await context.files.readText(path.join(alertDayFolder(context.layout, table, day), alertFileName))
    if (whole === undefined) return undefined
    const text = whole.slice(whole.indexOf('\n') + 1)
    return { day, text, rows: text.split('\n').length - 1 }
  })
  return (await Promise.all(read)).filter((file) => file !== undefined)
}

/** Whether something changed. A day whose alerts have expired keeps its folder: Spark fails over one that is gone. */
export async function loadAlerts(files: readonly AlertFile[], hdfs: Hdfs, context: HostsContext): Promise<boolean> {
  const there = (await hdfs.stat(alertsFolder)) === undefined ? [] : await hdfs.list(alertsFolder)
  const days = new Map(files.map(({ day, text }) => [day, text]))
  for (const { name } of there) {
    const day = name.slice('day='.length)
    if (isDay(day) && !days.has(day)) days.set(day, '')
  }
  let changed = false
  for (const [day, text] of days) {
    const local = path.join(context.layout.state, 'load', `alerts-${day}.csv`)
    await context.files.mkdir(path.dirname(local))
    await context.files.writeAtomic(local, text)
    const folder = hdfsPath(`${alertsFolder}/day=${day}`, hdfs.user)
    if ((await hdfs.stat(folder)) === undefined) await hdfs.mkdir(folder, '755')
    if (await putFile(hdfs, local, `${folder}/${alertFileName}`, context)) changed = true
  }
  return changed
}
