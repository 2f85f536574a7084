import { mkdir, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import {
  defaultPorts,
  rolesOfService,
  type ServiceName,
  type ServiceRole,
  serviceNames,
} from '../../src/core/cluster/catalog.js'
import { runCli } from '../support/run-cli.js'

/**
 * What the tests on real services run against: a site of profile `apache` on this machine with ports of its own, which
 * `smartcar provision` installs and starts. A site of your own, with its services running: SMARTCAR_STACK_SITE=FOLDER.
 */
export interface Stack {
  /** Folder with smartcar.yaml. */
  readonly folder: string
  readonly site: string
}

const firstPort = Number(process.env.SMARTCAR_STACK_PORT ?? 25_000)

/** Every port of the services moved to a range of its own. */
function servicesYaml(): string {
  let next = firstPort
  return serviceNames
    .map((service: ServiceName) => {
      const roles = rolesOfService(service).map((role) => {
        const ports = Object.keys(defaultPorts(role)).map((name) => {
          const port = next
          // Tez takes five from its own on.
          next += name === 'tez' ? 5 : 1
          return `${name}: ${port}`
        })
        return `    ${role}: { ${ports.join(', ')} }\n`
      })
      const more =
        service === 'flume'
          ? '    idle_timeout: 5\n'
          : service === 'hive'
            ? '    transport: all\n'
            : service === 'hdfs'
              ? // Any account may be stood in for, so that a test can have HDFS refuse one that is no superuser.
                `    properties:
      hdfs-site.xml: { dfs.namenode.fs-limits.min-block-size: 1024 }
      core-site.xml: { hadoop.proxyuser.${os.userInfo().username}.hosts: '*', hadoop.proxyuser.${os.userInfo().username}.groups: '*' }
`
              : ''
      return `  ${service}:\n${roles.join('')}${more}`
    })
    .join('')
}

/** A site file for the roles; extra lines go below `services:`. */
export function stackSite(roles: readonly ServiceRole[]): string {
  const settings = process.env.SMARTCAR_MAVEN_SETTINGS
  return `name: stack
profile: apache
hosts:
  localhost: { address: 127.0.0.1, connection: local, roles: [${roles.join(', ')}] }
services:
${settings === undefined ? '' : `  maven: { settings: ${settings} }\n`}${servicesYaml()}`
}

/** The services are installed and run. Throws what provision printed when they do not. */
export async function startStack(folder: string, roles: readonly ServiceRole[]): Promise<Stack> {
  const site = path.join(folder, 'smartcar.yaml')
  await mkdir(folder, { recursive: true })
  await writeFile(site, stackSite(roles))
  const { code, stdout, stderr } = await runCli(['provision', '--yes', '--site', site], {
    cwd: folder,
    timeoutMs: 1_800_000,
  })
  if (code !== 0) throw new Error(`provision ended with ${code}:\n${stdout}${stderr}`.slice(-6000))
  return { folder, site }
}

export async function stopStack(stack: Stack): Promise<void> {
  await runCli(['cluster', 'stop', '--site', stack.site], { cwd: stack.folder })
  await rm(stack.folder, { recursive: true, force: true })
}

/** Where tests that were given no folder put the site: one for all of them, so that a broken run is found again. */
export const stackFolder = process.env.SMARTCAR_STACK_SITE ?? path.join(os.tmpdir(), 'smartcar-stack')

/** `java` and its arguments for a class of a product, with the site's configuration in the class path. */
export function javaArguments(
  stack: Stack,
  product: 'hadoop' | 'hbase' | 'kafka',
  heap: number,
  ...words: readonly string[]
): [string, ...string[]] {
  const services = path.join(stack.folder, 'smartcar-data', 'services')
  const conf = (name: string) => path.join(services, 'conf', name)
  const jars = path.join(services, 'software', product, 'lib', '*')
  const classPath = product === 'hbase' ? [conf('hbase'), conf('hadoop'), jars] : [conf(product), jars]
  return ['java', `-Xmx${heap}m`, '-Djava.net.preferIPv4Stack=true', '-cp', classPath.join(':'), ...words]
}
