import path from 'node:path'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { bytes } from '../../render/format.js'
import { renderReport } from '../../render/report/page.js'
import { isoDay, type Locale } from '../../render/report/text.js'
import { type GatherOptions, gatherReport } from './gather.js'

export interface ReportOptions extends GatherOptions {
  /** The language that shows first; the page carries both. */
  readonly locale: Locale
  /** Where to write; `reports/report-<day>.html` of the site when left out. */
  readonly output?: string
}

export interface ReportResult {
  readonly day: string
  /** Absolute path of the page. */
  readonly file: string
  readonly bytes: number
  /** `unchanged`: the file had these bytes already. */
  readonly outcome: 'written' | 'unchanged'
}

/**
 * Writes the report of one day as one HTML file. Nothing in it depends on when or where it is written, so the same data
 * gives the same bytes and a second run leaves the file alone. Throws FailedError when the day was not built.
 */
export async function writeReport(options: ReportOptions, context: JobContext): Promise<ReportResult> {
  return await stage(
    context.emit,
    { id: 'report/page', title: 'write report' },
    async () => {
      const data = await gatherReport(options, context)
      const page = renderReport(data, options.locale)
      const file = path.resolve(options.output ?? path.join(context.layout.reports, `report-${data.day}.html`))
      const result = { day: data.day, file, bytes: Buffer.byteLength(page) }
      if ((await textAt(file, result.bytes, context)) === page) return { ...result, outcome: 'unchanged' as const }
      await context.files.mkdir(path.dirname(file))
      await context.files.writeAtomic(file, page)
      return { ...result, outcome: 'written' as const }
    },
    (result) => ({
      outcome: result.outcome === 'unchanged' ? 'unchanged' : 'done',
      summary:
        result.outcome === 'unchanged' ? 'unchanged' : `one page of ${bytes(result.bytes)} for ${isoDay(result.day)}`,
    }),
  )
}

/** Read only when the size fits: `-o` may name any file. */
async function textAt(file: string, size: number, context: JobContext): Promise<string | undefined> {
  const info = await context.files.stat(file)
  return info?.kind === 'file' && info.size === size ? await context.files.readText(file) : undefined
}

/** What a person reads on stdout. */
export function reportSummary(result: ReportResult): string {
  return `${result.outcome === 'unchanged' ? 'unchanged: ' : ''}${result.file}\n`
}
