import path from 'node:path'
import { BugError } from '../core/errors.js'
import type { TableDefinition, TableSet } from '../core/mart.js'
import type { JobContext } from '../core/ports.js'

/** Text of templates/marts/<table>/build.sql.eta by table, for every table that is made by a SELECT. */
export type MartTemplates = ReadonlyMap<string, string>

const hasTemplate = (table: TableDefinition): boolean => table.kind !== 'source' || table.storage.kind === 'hbase'

/** Reads the templates of all tables. Throws BugError naming the file when one is missing. */
export async function loadTemplates(
  context: Pick<JobContext, 'files' | 'templates'>,
  tables: TableSet,
): Promise<MartTemplates> {
  const withTemplate = [...tables.values()].filter(hasTemplate)
  return new Map(
    await Promise.all(
      withTemplate.map(async (table): Promise<[string, string]> => {
        const file = path.join(context.templates, 'marts', table.name, 'build.sql.eta')
        const text = await context.files.readText(file)
        if (text === undefined) throw new BugError(`the template ${file} is missing`, { place: { file } })
        return [table.name, text]
      }),
    ),
  )
}
