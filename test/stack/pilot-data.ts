import { cp, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { sharedDataFolder } from '../support/shared-data.js'
import type { StackWorld } from './clients.js'

/** The shared data collected, searched for speeding, in HDFS and built on Hive; what is there already stays as it is. */
export async function buildPilotData(on: StackWorld): Promise<void> {
  await on.json(['cluster', 'start'])
  await mkdir(path.join(on.folder, 'in'), { recursive: true })
  for (const name of [
    'CarMaster.txt',
    'CarItemBuyList_202003.txt',
    'SmartCarStatusInfo_20200322.txt.gz',
    'SmartCarDriverInfo.log.gz',
  ]) {
    await cp(path.join(sharedDataFolder, name), path.join(on.folder, 'in', name))
  }
  await on.json(['collect', 'in'])
  await on.json(['stream', 'run', '--day', '20200322'])
  // A site of one's own may have no Flume.
  const hasFlume = /roles:.*\bflume\b/.test(await readFile(on.stack.site, 'utf8'))
  await on.json(['load', ...(hasFlume ? [] : ['--direct'])])
  await on.json(['mart', 'build', '--engine', 'duckdb'])
  await on.json(['mart', 'build', '--engine', 'hive'])
}
