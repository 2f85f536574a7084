import * as Flags from '@oclif/core/flags'
import type { Site } from '../core/site/resolve.js'

const engines = ['duckdb', 'hive', 'spark'] as const

/** What builds or asks: the flag, else what the site says; an embedded site has DuckDB alone. */
export const engineFlag = (what: string) =>
  Flags.option({ options: engines })({
    description: `${what} [default: duckdb; on profile apache as the site says]`,
  })

export function chosenEngine(
  flag: (typeof engines)[number] | undefined,
  site: Pick<Site, 'profile' | 'services'>,
): (typeof engines)[number] {
  return flag ?? (site.profile === 'apache' ? site.services.engine : 'duckdb')
}
