import { z } from 'zod'
import {
  catalog,
  defaultHeap,
  defaultPorts,
  rolesOfService,
  type ServiceName,
  type ServiceRole,
  serviceNames,
} from '../cluster/catalog.js'

const port = z.int().min(1).max(65_535)
const memory = z
  .string()
  .regex(/^\d+(\.\d+)?[KMGT](i?B)?$/i, 'must be a size such as 512M or 1.5G')
  .describe('Java heap (-Xmx)')

function roleSchema(role: ServiceRole) {
  const ports = Object.fromEntries(
    Object.entries(defaultPorts(role)).map(([name, value]) => [
      name,
      port.optional().describe(`port [default: ${value}]`),
    ]),
  )
  const java = defaultHeap(role) !== undefined
  return z
    .strictObject({ ...ports, ...(java ? { heap: memory.optional() } : {}) })
    .optional()
    .describe(`ports${java ? ' and heap' : ''} of the ${role}`)
}

function serviceSchema<Own extends z.ZodRawShape>(name: ServiceName, own: Own) {
  return z
    .strictObject({
      ...own,
      ...(Object.fromEntries(rolesOfService(name).map((role) => [role, roleSchema(role)])) as Record<never, never>),
      properties: z
        .record(z.string(), z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])))
        .optional()
        .describe('further settings by configuration file, e.g. hdfs-site.xml: { dfs.replication: 2 }; they win'),
    })
    .optional()
    .describe(`settings of ${catalog[name].title}`)
}

const hostPath = z.string().regex(/^\/[^\s]*$/, 'must be an absolute path without blanks')

/** What a site says of its Flume agent beside ports and heap (pilot.md, section 3). */
const flumeKeys = {
  channel: z
    .enum(['file', 'memory'])
    .optional()
    .describe("where rows wait: file survives a crash; memory, the pilot's, is faster and loses them [default: file]"),
  spool: hostPath
    .optional()
    .describe('folder on the host for files of status rows [default: flume/spool/car-batch-log below the data folder]'),
  tail: z
    .union([hostPath, z.array(hostPath).min(1)])
    .optional()
    .describe('growing drive log, or several [default: flume/tail/SmartCarDriverInfo.log below the data folder]'),
  idle_timeout: z
    .int()
    .min(1)
    .optional()
    .describe('seconds without a row after which a file on HDFS is closed [default: 100]'),
  topic: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be a name that Kafka takes: letters, digits, dot, underscore, hyphen')
    .optional()
    .describe('Kafka topic of the drive rows [default: SmartCar-Topic]'),
}

/** How HiveServer2 and Spark's Thrift Server are spoken to; the servers are configured for the same. */
const sessionKeys = {
  authentication: z
    .enum(['plain', 'none'])
    .optional()
    .describe(
      'plain = a login by SASL PLAIN or, over http, Basic (any password unless hive-site.xml says LDAP or the like); none = no login (NOSASL) [default: plain]',
    ),
  user: z.string().min(1).optional().describe('user of the sessions [default: the account of the services]'),
  password_file: z.string().min(1).optional().describe('file with the password of the user, relative to this file'),
  password_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
    .optional()
    .describe('environment variable with the password'),
}

const hiveKeys = {
  transport: z
    .enum(['binary', 'http', 'all'])
    .optional()
    .describe('what HiveServer2 speaks; all = both, smartcar then takes binary [default: binary]'),
  ...sessionKeys,
}

const sparkKeys = {
  transport: z.enum(['binary', 'http']).optional().describe('what the Thrift Server speaks [default: binary]'),
  ...sessionKeys,
}

/** Settings of the services that the `apache` profile runs. */
export const servicesSchema = z.strictObject({
  root: z
    .string()
    .min(1)
    .optional()
    .describe(
      'folder on every host for software, configuration, data and logs [default: /opt/smartcar, on this machine below the data folder]',
    ),
  account: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*$/, 'must be the name of an account')
    .optional()
    .describe('account that the services run as [default: smartcar, on this machine the one that runs smartcar]'),
  bind: z
    .enum(['site', 'all'])
    .default('site')
    .describe("addresses that services listen on: site = the host's own address, all = every address"),
  java_home: z.string().min(1).optional().describe('folder of the JDK on every host [default: the one that is found]'),
  maven: z
    .strictObject({
      mirror: z.url().optional().describe('Maven repository to use instead of those of ~/.m2/settings.xml'),
      settings: z.string().min(1).optional().describe("Maven's settings file; relative to this file"),
    })
    .prefault({})
    .describe('where the artifacts of the services come from'),
  engine: z
    .enum(['hive', 'spark', 'duckdb'])
    .default('hive')
    .describe('what builds and asks the marts unless --engine says otherwise'),
  ...(Object.fromEntries(serviceNames.map((name) => [name, serviceSchema(name, {})])) as Record<
    ServiceName,
    ReturnType<typeof serviceSchema<Record<never, never>>>
  >),
  flume: serviceSchema('flume', flumeKeys),
  hive: serviceSchema('hive', hiveKeys),
  spark: serviceSchema('spark', sparkKeys),
})

export type ServicesDefinition = z.infer<typeof servicesSchema>
