import path from 'node:path'

/** The four kinds of input that `collect` files into the lake, by their folder there (the pilot's HDFS folder names). */
export const lakeFolders = {
  status: 'car-batch-log',
  drive: 'drive-log',
  master: 'car-master',
  purchases: 'buy-list',
} as const

export type RecordKind = keyof typeof lakeFolders

/** Where everything of one site lives on this machine; the only place that knows folder names. */
export interface SiteLayout {
  /** The site's data folder (absolute). */
  readonly root: string
  /** Files that the simulator made, in the shape in which a collector finds them. */
  readonly landing: string
  /** `lake/<car-batch-log|drive-log|car-master|buy-list>/[wrk_date=yyyyMMdd/]….log`, as /pilot-pjt/collect on HDFS. */
  readonly lake: string
  /** One JSON per collected content, see core/lake.ts. */
  readonly manifests: string
  readonly rejects: string
  /** `alerts/<table>/day=yyyyMMdd/alerts.csv` */
  readonly alerts: string
  /** `warehouse/<table>/<partition>=<value>/<table>.parquet` */
  readonly warehouse: string
  /** The embedded PostgreSQL: data, log, connection file. */
  readonly postgres: string
  readonly reports: string
  /** `exports/<mart>/<mart>_<partition>.<csv|parquet>` */
  readonly exports: string
  /** Checkpoints, run records, locks: nothing that a user needs to read. */
  readonly state: string
  readonly locks: string
  /** One record a provisioning run, `<id>.jsonl`. */
  readonly runs: string
  /** Secrets of the services, mode 0600. */
  readonly secrets: string
  /** Positions in followed logs and unfinished work of `collect`. */
  readonly collecting: string
  /** Packages and metadata that `bundle create` fetched, by checksum; may be removed at any time. */
  readonly bundle: string
}

export function siteLayout(root: string): SiteLayout {
  const absolute = path.resolve(root)
  const state = path.join(absolute, '.smartcar')
  return Object.freeze({
    root: absolute,
    landing: path.join(absolute, 'landing'),
    lake: path.join(absolute, 'lake'),
    manifests: path.join(absolute, 'lake', '_manifests'),
    rejects: path.join(absolute, 'rejects'),
    alerts: path.join(absolute, 'alerts'),
    warehouse: path.join(absolute, 'warehouse'),
    postgres: path.join(absolute, 'postgres'),
    reports: path.join(absolute, 'reports'),
    exports: path.join(absolute, 'exports'),
    state,
    locks: path.join(state, 'locks'),
    runs: path.join(state, 'runs'),
    secrets: path.join(state, 'secrets'),
    collecting: path.join(state, 'collect'),
    bundle: path.join(state, 'bundle'),
  })
}
