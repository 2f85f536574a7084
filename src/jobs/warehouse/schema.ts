/** What a table on an engine is, how it differs from its definition, and what mends it. Pure. */
import type { SourceTable, TableDefinition } from '../../core/mart.js'
import { filesTable } from '../../core/mart.js'
import type { Dialect } from '../../core/sql.js'

/** A table as the engine describes it. */
export interface FoundTable {
  readonly kind: 'table' | 'external table' | 'view'
  /** Stored ones, in order; types in lower case. */
  readonly columns: readonly FoundColumn[]
  readonly partition: readonly FoundColumn[]
  readonly location: string
  /** `parquet`, `text`, …: from the name of its input format. */
  readonly format: string
  /** Between the fields of text; undefined where the engine tells none. */
  readonly separator?: string
}

export interface FoundColumn {
  readonly name: string
  readonly type: string
}

type Row = readonly (string | number | bigint | boolean | null)[]

const formats: readonly (readonly [RegExp, string])[] = [
  [/parquet/i, 'parquet'],
  [/orc/i, 'orc'],
  [/avro/i, 'avro'],
  [/TextInputFormat/i, 'text'],
]

/** Reads `DESCRIBE FORMATTED` of Hive (labels end in a colon) and of Spark (they do not). */
export function readDescription(rows: readonly Row[]): FoundTable {
  const columns: FoundColumn[] = []
  const partition: FoundColumn[] = []
  const facts = new Map<string, string>()
  let section = 'columns'
  for (const row of rows) {
    const [label = '', value = '', third = ''] = row.map((cell) => String(cell ?? '').trim())
    if (label.startsWith('# ') && label !== '# col_name') section = label.slice(2).toLowerCase()
    else if (label === '# col_name' || (label === '' && value === '')) continue
    else if (section === 'columns') columns.push({ name: label, type: value.toLowerCase() })
    else if (section.startsWith('partition info')) partition.push({ name: label, type: value.toLowerCase() })
    // Hive puts properties into the second and third column.
    else if (label === '') facts.set(value.toLowerCase(), third)
    else facts.set(label.replace(/:$/, '').toLowerCase(), value)
  }
  const type = facts.get('table type') ?? facts.get('type') ?? ''
  const input = facts.get('inputformat') ?? facts.get('provider') ?? ''
  // Not trimmed: a separator may be a blank.
  const separator = facts.get('field.delim') ?? /field\.delim=(.)/.exec(facts.get('storage properties') ?? '')?.[1]
  return {
    kind: /VIEW/i.test(type) ? 'view' : /EXTERNAL/i.test(type) ? 'external table' : 'table',
    // Hive lists the partition's column among the others too.
    columns: columns.filter(({ name }) => !partition.some((column) => column.name === name)),
    partition,
    location: facts.get('location') ?? '',
    format: formats.find(([pattern]) => pattern.test(input))?.[1] ?? input,
    ...(separator === undefined ? {} : { separator }),
  }
}

const sameTypes: Readonly<Record<string, readonly string[]>> = {
  string: ['string', 'varchar'],
  integer: ['int'],
  bigint: ['bigint'],
  double: ['double'],
}

const isType = (type: string, found: string): boolean => sameTypes[type]?.includes(found.replace(/\(.*$/, '')) === true

/** Where a table is unlike its definition, for people and for `--json`. */
export interface SchemaDifference {
  readonly table: string
  /** One line each: `- speed string`, `+ speed int`. */
  readonly lines: readonly string[]
  /** Columns that are missing behind the others, and nothing else. */
  readonly onlyAppended: boolean
}

/** undefined when nothing is different. Order counts: rows of text and of INSERT go by place. */
export function schemaDifference(definition: TableDefinition, found: FoundTable): SchemaDifference | undefined {
  const lines: string[] = []
  if (definition.kind === 'view') {
    if (found.kind !== 'view') lines.push(`- ${found.kind}`, '+ view')
    return lines.length === 0 ? undefined : { table: definition.name, lines, onlyAppended: false }
  }
  const wanted = definition.kind === 'source' ? filesTable(definition) : definition
  const [kind, format] = definition.kind === 'source' ? ['external table', 'text'] : ['table', 'parquet']
  if (found.kind === 'view') lines.push('- view', `+ ${kind}`)
  else if (definition.kind === 'source') lines.push(...sourceLines(wanted as SourceTable, found))
  if (found.kind !== 'view' && found.format !== format)
    lines.push(`- stored as ${found.format}`, `+ stored as ${format}`)
  const partition = wanted.partition?.name
  const foundPartition = found.partition.map(({ name }) => name).join(', ')
  if (foundPartition !== (partition ?? '')) {
    if (foundPartition !== '') lines.push(`- partitioned by ${foundPartition}`)
    if (partition !== undefined) lines.push(`+ partitioned by ${partition}`)
  }
  const other = lines.length > 0
  lines.push(...columnLines(wanted.columns, found.columns))
  if (lines.length === 0) return undefined
  const known = found.columns.length
  const onlyAppended =
    !other && known < wanted.columns.length && columnLines(wanted.columns.slice(0, known), found.columns).length === 0
  return { table: definition.name, lines, onlyAppended }
}

function sourceLines({ storage }: SourceTable, found: FoundTable): readonly string[] {
  const lines: string[] = []
  if (!('location' in storage) || storage.location === undefined) return lines
  // The engine puts hdfs://host:port before it.
  if (!found.location.replace(/^[a-z]+:\/\/[^/]*/, '').match(new RegExp(`^${storage.location}/?$`)))
    lines.push(`- location ${found.location}`, `+ location ${storage.location}`)
  const separator = 'separator' in storage ? storage.separator : ','
  if (found.separator !== undefined && found.separator !== separator)
    lines.push(`- fields end at "${found.separator}"`, `+ fields end at "${separator}"`)
  return lines
}

function columnLines(
  wanted: readonly { readonly name: string; readonly type: string }[],
  found: readonly FoundColumn[],
): readonly string[] {
  const gone = found.filter((column) => !wanted.some(({ name }) => name === column.name))
  const changed = wanted.flatMap(({ name, type }) => {
    const is = found.find((column) => column.name === name)
    if (is === undefined) return [`+ ${name} ${type}`]
    return isType(type, is.type) ? [] : [`- ${name} ${is.type}`, `+ ${name} ${type}`]
  })
  const lines = [...gone.map(({ name, type }) => `- ${name} ${type}`), ...changed]
  if (lines.length > 0) return lines
  const order = (columns: readonly { readonly name: string }[]) => columns.map(({ name }) => name).join(', ')
  return order(wanted) === order(found) ? [] : [`- order ${order(found)}`, `+ order ${order(wanted)}`]
}

/** What makes a table as it is defined, without losing a row. */
export interface Migration {
  readonly table: string
  readonly statements: readonly string[]
  /** What to do and to look at afterwards. */
  readonly afterwards: string
  /** The name that the old table gets, where it is put aside. */
  readonly aside?: string
}

/** `names`: those that are taken on the engine. */
export function migrationOf(
  definition: TableDefinition,
  difference: SchemaDifference,
  found: FoundTable,
  names: ReadonlySet<string>,
  dialect: Dialect,
): Migration {
  const id = dialect.identifier(definition.name)
  if (difference.onlyAppended && definition.kind === 'mart') {
    const added = definition.columns.slice(found.columns.length)
    const list = added.map((column) => `${dialect.identifier(column.name)} ${dialect.type(column.type)}`).join(', ')
    return {
      table: definition.name,
      statements: [`ALTER TABLE ${id} ADD COLUMNS (${list})`],
      afterwards: `its partitions have no values there yet: smartcar mart build ${definition.name} --engine ${dialect.name} --full`,
    }
  }
  let number = 1
  while (names.has(`${definition.name}_old_${number}`)) number++
  const aside = `${definition.name}_old_${number}`
  const what = found.kind === 'view' ? 'VIEW' : 'TABLE'
  const keeps = found.kind === 'external table' ? ' (external: its files stay)' : ''
  return {
    table: definition.name,
    statements: [`ALTER ${what} ${id} RENAME TO ${dialect.identifier(aside)}`],
    afterwards: `the next build makes ${definition.name} anew; compare, then DROP ${what} ${aside}${keeps}`,
    aside,
  }
}
