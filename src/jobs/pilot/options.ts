import { daysFrom } from '../../core/calendar.js'
import type { Site } from '../../core/site/resolve.js'
import type { Locale } from '../../render/report/text.js'
import { parseFaults } from '../../simulator/faults.js'
import { defaultDay } from '../../simulator/options.js'
import type { HostsContext } from '../provision/context.js'
import type { PilotOptions } from './pilot.js'

/** The flags of `smartcar pilot`. */
export interface PilotFlags {
  readonly cars?: number | undefined
  readonly date?: string | undefined
  readonly days: number
  readonly seed?: number | undefined
  readonly faults?: string | undefined
  readonly input?: readonly string[] | undefined
  readonly locale?: Locale | undefined
}

/** Flags over the site's values over defaults. Throws UsageError for faults that cannot be. */
export function pilotOptions(
  flags: PilotFlags,
  site: Site,
  environment: Readonly<Record<string, string | undefined>>,
): PilotOptions {
  const locale = flags.locale ?? site.locale
  const first = flags.date ?? defaultDay
  const faults = flags.faults === undefined ? undefined : parseFaults(flags.faults)
  return {
    site: site.name,
    ruleFiles: site.stream.rules,
    locale,
    export: { site, passwords: { environment } },
    source:
      flags.input === undefined
        ? {
            kind: 'simulate',
            options: {
              cars: flags.cars ?? site.simulate.cars,
              seed: flags.seed ?? site.simulate.seed,
              days: daysFrom(first, flags.days),
              locale,
              ...(faults === undefined ? {} : { faults }),
            },
          }
        : { kind: 'files', paths: flags.input },
  }
}

/** On the real services the marts are also built by the site's engine; duckdb is what builds them anyway. */
export function clusterOption(context: HostsContext): Pick<PilotOptions, 'cluster'> {
  const { profile, services } = context.site
  return profile === 'apache' && services.engine !== 'duckdb' ? { cluster: { engine: services.engine, context } } : {}
}
