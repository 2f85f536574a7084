/**
 * Hosts on which systemd runs: one unit a role. It runs the supervisor of service.sh, which keeps log, notes and pauses
 * the same with and without systemd, brings the role up at boot, and starts the supervisor again when that ends.
 */
import type { ServiceRole } from '../../core/cluster/catalog.js'
import type { ClusterHost } from '../../core/cluster/cluster.js'

/** Limits of a service's process. */
export interface ProcessLimits {
  readonly nofile: number
  readonly nproc: number
}

/** Nothing is installed outside of the site's folder on a host that is this machine. */
export const mayHaveUnits = (host: ClusterHost) => !host.local

export const unitName = (role: ServiceRole) => `smartcar-${role}.service`

export const unitFile = (role: ServiceRole) => `/etc/systemd/system/${unitName(role)}`

/** In sh: systemd is process 1 of the host. */
export const systemdRuns = '[ -d /run/systemd/system ]'

/** In sh: the role is started by a unit here. */
export const hasUnit = (role: ServiceRole) => `${systemdRuns} && [ -e ${unitFile(role)} ]`

/** A word of ExecStart as systemd reads it: quoted, without specifiers and variables. */
function unitWord(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`
}

/** Seconds between two rounds of starts of a role that ends again and again. */
const rest = 60
const restartAfter = 5

export interface UnitInput {
  readonly site: string
  readonly host: ClusterHost
  readonly role: ServiceRole
  readonly account: string
  /** Seconds until a role that does not end is killed. */
  readonly stopTimeout: number
  readonly limits: ProcessLimits
}

/** The text of a role's unit; understood from systemd 219 (CentOS 7) on. */
export function unitText({ site, host, role, account, stopTimeout, limits }: UnitInput): string {
  const { root } = host.folders
  const words = ['/bin/sh', `${root}/service.sh`, root, 'supervise', role, String(rest - restartAfter)]
  return `# Written by smartcar: smartcar provision writes it again, smartcar teardown removes it.
[Unit]
Description=${role} of the site ${site.replaceAll('%', '%%')} (smartcar)
Wants=network-online.target
After=network-online.target

[Service]
Type=simple
User=${account}
ExecStart=${words.map(unitWord).join(' ')}
# The supervisor starts the role again, with growing pauses; when it gave up it rests and ends, for another round.
Restart=always
RestartSec=${restartAfter}
# SIGTERM goes to the supervisor, which ends the role and waits for it.
KillMode=mixed
TimeoutStopSec=${stopTimeout}
LimitNOFILE=${limits.nofile}
LimitNPROC=${limits.nproc}

[Install]
WantedBy=multi-user.target
`
}
