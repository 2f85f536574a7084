import type { TestProject } from 'vitest/node'
import type { ServiceRole } from '../../src/core/cluster/catalog.js'
import { stackFolder, startStack, stopStack } from './support.js'

declare module 'vitest' {
  interface ProvidedContext {
    readonly stackFolder: string
  }
}

const roles: readonly ServiceRole[] = [
  'zookeeper',
  'namenode',
  'datanode',
  'resourcemanager',
  'nodemanager',
  'kafka',
  'hmaster',
  'regionserver',
  'hbase-rest',
  'flume',
  'postgres',
  'metastore',
  'hiveserver2',
  'spark-thriftserver',
]

/** The services are started once for all files and stopped behind the last one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('stackFolder', stackFolder)
  if (process.env.SMARTCAR_STACK_SITE !== undefined) return async () => {}
  const stack = await startStack(stackFolder, roles)
  return () => stopStack(stack)
}
