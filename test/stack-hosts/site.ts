import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import path from 'node:path'
import type { TwoHosts } from '../support/two-hosts/index.js'

/** The machine's JDK, and the folder outside of it that its files link to (Debian). The hosts see both, read-only. */
export interface Jdk {
  readonly home: string
  readonly mounts: readonly string[]
}

/** Undefined where there is no Java on this machine. */
export function machineJdk(): Jdk | undefined {
  try {
    const java = execFileSync('sh', ['-c', 'readlink -f "$(command -v java)"'], { encoding: 'utf8' }).trim()
    const home = path.dirname(path.dirname(java))
    const settings = path.dirname(path.dirname(realpathSync(path.join(home, 'conf/security/java.security'))))
    return { home, mounts: settings.startsWith(home) ? [home] : [home, settings] }
  } catch {
    return undefined
  }
}

const mavenSettings = process.env.SMARTCAR_MAVEN_SETTINGS

/** Lines below `services:`. */
export const mavenLines = mavenSettings === undefined ? '' : `  maven: { settings: ${mavenSettings} }\n`

/** The two hosts with the roles that the pilot gives them (pilot.md, section 1): none is named here. */
export function siteText(two: TwoHosts, jdk: Jdk): string {
  return two.siteFile({
    data: './data',
    extra: `profile: apache
provision:
  locale: C.UTF-8
  repositories: { base: "http://10.77.0.1/7.9.2009" }
  # Packages of the harness are stubs.
  jdk: { package: none, home: ${jdk.home} }
services:
  flume: { idle_timeout: 5 }
${mavenLines}`,
  })
}
