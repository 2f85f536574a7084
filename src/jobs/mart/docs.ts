/** `mart docs`: one HTML page about the warehouse. */
import path from 'node:path'
import { stage } from '../../core/events.js'
import type { JobContext } from '../../core/ports.js'
import { loadDialect } from '../../engines/registry.js'
import { loadTables } from '../../marts/registry.js'
import { loadTemplates } from '../../marts/templates.js'
import { bytes } from '../../render/format.js'
import { renderMartDocs } from '../../render/mart-docs/page.js'
import { renderSelect } from '../../render/sql.js'
import { inventory } from './inventory.js'

export interface DocsInput {
  /** Name of the site, for the title. */
  readonly site: string
  /** Where to write; `reports/warehouse.html` of the site when left out. */
  readonly output?: string
}

export interface DocsResult {
  /** Absolute path of the page. */
  readonly file: string
  readonly bytes: number
  /** `unchanged`: the file had these bytes already. */
  readonly outcome: 'written' | 'unchanged'
}

/** Writes lineage, columns, tests and row counts of all tables as one page that loads nothing. */
export async function writeMartDocs(input: DocsInput, context: JobContext): Promise<DocsResult> {
  return stage(
    context.emit,
    { id: 'mart-docs', title: 'warehouse page' },
    async (): Promise<DocsResult> => {
      const page = renderMartDocs({ site: input.site, tables: await documented(context) })
      const file = path.resolve(input.output ?? path.join(context.layout.reports, 'warehouse.html'))
      const size = Buffer.byteLength(page)
      const there = await context.files.stat(file)
      const same = there?.kind === 'file' && there.size === size && (await context.files.readText(file)) === page
      if (!same) await context.files.writeAtomic(file, page)
      return { file, bytes: size, outcome: same ? 'unchanged' : 'written' }
    },
    (result) =>
      result.outcome === 'unchanged'
        ? { outcome: 'unchanged', summary: 'unchanged' }
        : { outcome: 'done', summary: `one page of ${bytes(result.bytes)}` },
  )
}

async function documented(context: JobContext) {
  const [tables, dialect, all] = await Promise.all([loadTables(), loadDialect('duckdb'), inventory(context)])
  const templates = await loadTemplates(context, tables)
  return all.map((info) => {
    const table = tables.get(info.name)
    const template = templates.get(info.name)
    const sql =
      table === undefined || template === undefined ? null : renderSelect({ tables, table, template, dialect })
    return { ...info, sql }
  })
}

/** What a person reads on stdout. */
export function docsSummary(result: DocsResult): string {
  return `${result.outcome === 'unchanged' ? 'unchanged: ' : ''}${result.file}\n`
}
