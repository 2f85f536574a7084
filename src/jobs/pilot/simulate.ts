import path from 'node:path'
import { CheckError, FailedError } from '../../core/errors.js'
import { readLakeManifests } from '../../core/lake.js'
import type { JobContext } from '../../core/ports.js'
import { bytes, number, plural } from '../../render/format.js'
import type { Locale } from '../../render/report/text.js'
import type { Faults } from '../../simulator/faults.js'
import { masterCars } from '../../simulator/fleet.js'
import { simulateMaster, simulatePurchases } from '../../simulator/lists.js'
import { simulateDrive, simulateStatus } from '../../simulator/logs.js'
import type { SimulateResult } from '../../simulator/options.js'
import { type DriveTruth, readTruth, type StatusTruth } from '../../simulator/truth.js'
import type { StageOutcome } from './run.js'

export interface SimulationOptions {
  readonly cars: number
  /** yyyyMMdd each, in order. */
  readonly days: readonly string[]
  readonly seed: number
  readonly faults?: Faults
  /** Language of the owners' master values. */
  readonly locale: Locale
}

/** What the simulator made and what must be found in it. */
export type Simulation = {
  readonly status: SimulateResult
  readonly drive: SimulateResult
  readonly master: SimulateResult
  readonly purchases: SimulateResult
}

function truthFile(kind: 'status' | 'drive', context: Pick<JobContext, 'layout'>): string {
  return path.join(context.layout.state, 'truth', `${kind}.json`)
}

/** The four kinds of files, in the site's landing folder, with the truth files of the logs in the site's state. */
export async function simulate(options: SimulationOptions, context: JobContext): Promise<StageOutcome<Simulation>> {
  const { cars, days, seed, faults, locale } = options
  const logs = { seed, cars, days, ...(faults === undefined ? {} : { faults }) }
  const owners = Math.max(masterCars, cars)
  const months = [...new Set(days.map((day) => day.slice(0, 6)))]
  await context.files.mkdir(path.dirname(truthFile('status', context)))
  const simulation: Simulation = {
    master: await simulateMaster({ seed, cars: owners, locale }, context),
    status: await simulateStatus({ ...logs, truth: truthFile('status', context) }, context),
    drive: await simulateDrive({ ...logs, truth: truthFile('drive', context) }, context),
    purchases: await simulatePurchases({ seed, months, cars: owners }, context),
  }
  const results = Object.values(simulation)
  const rows = results.reduce((sum, result) => sum + result.rows, 0)
  const size = results.reduce((sum, result) => sum + result.bytes, 0)
  const unchanged = results.every(({ status }) => status === 'unchanged')
  return {
    outcome: unchanged ? 'unchanged' : 'done',
    summary: `${unchanged ? 'unchanged: ' : ''}${plural(cars, 'car')}, ${plural(days.length, 'day')}: ${number(rows)} rows, ${bytes(size)}`,
    rows,
    value: simulation,
  }
}

export function simulatedFiles(simulation: Simulation): string[] {
  return Object.values(simulation).flatMap(({ files }) => files.map((file) => file.path))
}

/**
 * Rows of the same days from other files would mix with the simulated ones, and nothing would be as the truth files
 * say. Throws FailedError naming the first such file.
 */
export async function refuseOtherLogs(simulation: Simulation, context: JobContext): Promise<void> {
  for (const kind of ['status', 'drive'] as const) {
    const own = new Set(simulation[kind].files.map(({ sha256 }) => sha256))
    const days = new Set(simulation[kind].files.map(({ day }) => day))
    for (const manifest of await readLakeManifests(context, kind)) {
      const shared = manifest.files.find(({ day }) => day !== null && days.has(day))
      if (shared === undefined || own.has(manifest.sha256)) continue
      throw new FailedError(
        'PILOT_DAY_TAKEN',
        `this site holds other ${kind} rows of ${shared.day} already: ${manifest.source}, ${plural(shared.rows, 'row')}`,
        {
          hints: [
            'simulate in a site of its own: add --site DIR',
            'or another day: add --date',
            'or look at what is there: smartcar report',
          ],
          data: { kind, day: shared.day, source: manifest.source },
        },
      )
    }
  }
}

/** The truth files of both logs. */
export async function readTruths(context: JobContext): Promise<{ status: StatusTruth; drive: DriveTruth }> {
  const status = await readTruth(context.files, truthFile('status', context))
  const drive = await readTruth(context.files, truthFile('drive', context))
  if (status.kind === 'status' && drive.kind === 'drive') return { status, drive }
  throw new CheckError('TRUTH_MIXED', `${path.dirname(truthFile('status', context))} holds the truth of another log`, {
    hints: ['delete this folder and run smartcar pilot again'],
  })
}
