import { FailedError } from '../../core/errors.js'

/** The command line of a Java class with the class path and configuration of a role, as its distribution starts it. */
export type JavaCommand = (
  role: 'hmaster',
  mainClass: string,
  args: readonly string[],
) => readonly [string, ...string[]]

/** Runs it on the host of the HMaster. */
export type RunOnHost = (
  argv: readonly [string, ...string[]],
) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>

export const splitAlgorithms = ['HexStringSplit', 'DecimalStringSplit', 'UniformSplit'] as const
export type SplitAlgorithm = (typeof splitAlgorithms)[number]

/**
 * Makes a table whose regions are split from the start. The REST server takes no split keys: HBase's own tool does it,
 * on the HMaster's host, which has its jars.
 */
export async function createSplit(
  input: {
    readonly table: string
    readonly families: readonly string[]
    readonly regions: number
    readonly split: SplitAlgorithm
  },
  javaCommand: JavaCommand,
  runOnHost: RunOnHost,
): Promise<void> {
  const { table, families, regions, split } = input
  const args = [table, split, '-c', String(regions), '-f', families.join(':')]
  const { code, stdout, stderr } = await runOnHost(
    javaCommand('hmaster', 'org.apache.hadoop.hbase.util.RegionSplitter', args),
  )
  if (code === 0) return
  const cause = `${stderr}\n${stdout}`.split('\n').findLast((line) => /Exception|ERROR|Error/.test(line))
  throw new FailedError('HBASE_SPLIT_FAILED', `${table}: HBase's RegionSplitter ended with ${code}`, {
    cause,
    hints: ['smartcar cluster status shows whether HMaster and RegionServer run'],
  })
}
