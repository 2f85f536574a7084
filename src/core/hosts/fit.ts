import { type Role, roleNames } from './roles.js'

const MiB = 1024 * 1024

/**
 * What a role needs, in MiB. `heap` is the smallest Java heap that it works with, `other` what it takes beside it
 * (metaspace, threads, native memory, its child processes), `most` the heap beyond which more does not help two small
 * hosts, `weight` its part of what is left over. `heap + other` is the resident memory that was measured
 * (recipes/README.md, "Resident memory"), or our estimate where `measured` is false.
 */
interface Need {
  readonly heap: number
  readonly other: number
  readonly most: number
  readonly weight: number
  readonly measured: boolean
}

const jvm = (heap: number, other: number, most: number, weight: number, measured = true): Need => ({
  heap,
  other,
  most,
  weight,
  measured,
})
const native = (other: number, measured = true): Need => ({ heap: 0, other, most: 0, weight: 0, measured })

const needs: Readonly<Record<Role, Need>> = {
  namenode: jvm(192, 108, 1024, 3),
  secondarynamenode: jvm(192, 108, 1024, 2),
  resourcemanager: jvm(224, 126, 1024, 2),
  hmaster: jvm(224, 126, 1024, 2),
  nimbus: jvm(96, 104, 512, 1),
  'storm-ui': jvm(64, 96, 256, 1, false),
  // CMF_JAVA_OPTS of its package: -Xmx2G with MaxPermSize 256m; a cluster of two hosts starts with half of that.
  'cm-server': jvm(1024, 256, 2048, 4, false),
  postgres: native(60),
  datanode: jvm(224, 106, 1024, 2),
  // One container of 1 GiB beside the NodeManager itself: less holds no Spark executor.
  nodemanager: jvm(160, 110 + 1024, 512, 1),
  regionserver: jvm(512, 178, 2048, 4),
  'hbase-rest': jvm(160, 120, 512, 1),
  zookeeper: jvm(48, 42, 256, 1),
  kafka: jvm(320, 160, 1024, 2),
  flume: jvm(512, 128, 1024, 2),
  metastore: jvm(160, 120, 512, 1),
  hiveserver2: jvm(576, 174, 1024, 2),
  'spark-thriftserver': jvm(512, 160, 1024, 2),
  'spark-history': jvm(192, 128, 512, 1, false),
  impala: native(1024, false),
  oozie: jvm(192, 118, 512, 1),
  hue: native(300, false),
  // The supervisor, and one worker with its log writer.
  'storm-supervisor': jvm(320, 470, 768, 1),
  redis: native(13),
  zeppelin: jvm(128, 162, 512, 1),
  // Runs only while a transfer does, inside YARN's container.
  'sqoop-client': native(0),
}

/** What is given up first when a host is too small: comfort, then second ways to the same answer, then the pilot's core. */
const dispensable: readonly Role[] = [
  'zeppelin',
  'hue',
  'spark-history',
  'storm-ui',
  'impala',
  'oozie',
  'hbase-rest',
  'spark-thriftserver',
  'secondarynamenode',
  'cm-server',
  'hiveserver2',
  'metastore',
  'flume',
  'storm-supervisor',
  'nimbus',
  'regionserver',
  'hmaster',
  'kafka',
]

export interface ServiceFit {
  readonly role: Role
  /** Java heap to set (-Xmx), bytes; 0 for programs that are no Java. */
  readonly heap: number
  /** Memory that it takes in all, bytes. */
  readonly resident: number
  /** false: an estimate, not measured. */
  readonly measured: boolean
}

export interface HostFit {
  readonly host: string
  /** bytes */
  readonly ram: number
  /** Kept for the system, bytes: the larger of 512 MiB and a tenth. */
  readonly reserve: number
  readonly fits: boolean
  /** What all roles need at least together with the reserve, bytes. */
  readonly needed: number
  readonly services: readonly ServiceFit[]
  /** Roles to leave out, so that the rest fits; the services above are without them. */
  readonly leaveOut: readonly Role[]
  /** Left for the page cache, bytes; below 0 when even the last core role does not fit. */
  readonly left: number
}

const resident = (role: Role) => (needs[role].heap + needs[role].other) * MiB
const sum = (roles: readonly Role[]) => roles.reduce((total, role) => total + resident(role), 0)

/**
 * Which of a host's roles fit its memory, and with which heaps:
 *
 *     reserve = max(512 MiB, ram / 10)
 *     spare   = ram - reserve - sum(heap_min + other)
 *     heap    = min(most, heap_min + 0.8 * spare * weight / sum(weights)), rounded down to 32 MiB
 *
 * A fifth of the spare memory stays for the page cache. When the minima alone do not fit, roles are left out in the
 * order of `dispensable` until they do; a role that is not needed for that is put back.
 */
export function fitHost(host: string, ram: number, roles: readonly Role[]): HostFit {
  const reserve = Math.max(512 * MiB, Math.floor(ram / 10))
  const room = ram - reserve
  let kept = roleNames.filter((role) => roles.includes(role))
  const needed = sum(kept) + reserve
  const leaveOut: Role[] = []
  for (const role of dispensable) {
    if (sum(kept) <= room) break
    if (!kept.includes(role)) continue
    kept = kept.filter((other) => other !== role)
    leaveOut.push(role)
  }
  for (const role of [...leaveOut].reverse()) {
    if (sum(kept) + resident(role) > room) continue
    kept = roleNames.filter((other) => other === role || kept.includes(other))
    leaveOut.splice(leaveOut.indexOf(role), 1)
  }
  const spare = Math.max(0, room - sum(kept))
  const weights = kept.reduce((total, role) => total + needs[role].weight, 0)
  const services = kept.map((role): ServiceFit => {
    const { heap, other, most, weight, measured } = needs[role]
    const share = weights === 0 ? 0 : (0.8 * spare * weight) / weights / MiB
    const given = heap === 0 ? 0 : Math.max(heap, Math.floor(Math.min(most, heap + share) / 32) * 32)
    return { role, heap: given * MiB, resident: (given + other) * MiB, measured }
  })
  const left = room - services.reduce((total, service) => total + service.resident, 0)
  return { host, ram, reserve, fits: leaveOut.length === 0 && left >= 0, needed, services, leaveOut, left }
}

const units: Readonly<Record<string, number>> = { K: 1024, M: MiB, G: 1024 * MiB, T: 1024 * 1024 * MiB }

/** `4G`, `3800M`, `4GiB` to bytes (powers of 1024); undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT])(?:i?B)?$/i.exec(text.trim())
  const unit = units[(match?.[2] ?? '').toUpperCase()]
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit)
}
