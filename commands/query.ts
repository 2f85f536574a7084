import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import { chosenEngine, engineFlag } from '../src/cli/engine-flag.js'
import { durationFlag, repeatedFlag } from '../src/cli/flags.js'
import { UsageError } from '../src/core/errors.js'

const filesNotRead = (engine: string): UsageError =>
  new UsageError('ALLOW_READ_DUCKDB', `${engine} reads the tables of the site, no files of this machine`, {
    hints: ['--engine duckdb --allow-read PATH'],
  })

export default class Query extends BaseCommand {
  static override summary = 'ask the warehouse in SQL'
  static override description = [
    'Every source table and mart is there under its name (smartcar mart list). A query reads and changes nothing; the SQL is that of the engine: DuckDB, on profile apache Hive or Spark. Saved queries are the same on all of them.',
    'Parameters stand in the text as $name. DuckDB binds them by type; Hive and Spark get them as literals, of the type that the query declares, else as texts.',
    'csv: RFC 4180 with a header line and LF; NULL is an empty field, the empty text is "". json and ndjson: whole numbers beyond 2^53 are texts, so that no reader rounds them. A table shows 50 rows unless --limit says otherwise.',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> "SELECT region, count(*) FROM smartcar_master GROUP BY region"',
    '<%= config.bin %> <%= command.id %> --list',
    '<%= config.bin %> <%= command.id %> --saved average-speed-by-area --param threshold=70',
    '<%= config.bin %> <%= command.id %> --engine spark --saved top-items --format csv',
    '<%= config.bin %> <%= command.id %> -f question.sql --param day=20200322 -o answer.parquet',
    'echo "FROM managed_smartcar_symptom_info" | <%= config.bin %> <%= command.id %> - --format csv | head',
  ]
  static override args = { sql: Args.string({ ignoreStdin: true, description: 'the SQL text; - for stdin' }) }
  static override flags = {
    file: Flags.string({ char: 'f', helpValue: 'FILE', exclusive: ['saved'], description: 'read the SQL from a file' }),
    saved: Flags.string({ helpValue: 'NAME', description: 'run a saved query' }),
    list: Flags.boolean({ description: 'list the saved queries with their parameters' }),
    param: repeatedFlag({ helpValue: 'NAME=VALUE', description: 'value of a parameter $NAME' }),
    format: Flags.option({
      options: ['table', 'csv', 'json', 'ndjson', 'parquet'] as const,
      description: 'how rows are written [default: by the ending of --output, else table]',
    })(),
    output: Flags.string({ char: 'o', helpValue: 'FILE', description: 'to a file, whole or not at all; - for stdout' }),
    engine: engineFlag('what answers'),
    timeout: durationFlag({ description: 'cancel the statement after this time (hive and spark) [default: never]' }),
    limit: Flags.integer({ min: 0, helpValue: 'N', description: 'rows at most, 0 for all' }),
    'allow-read': repeatedFlag({
      helpValue: 'PATH',
      description: 'a file or folder that the query may read besides the tables',
    }),
  }

  async run() {
    const { args, flags } = await this.parse(Query)
    const context = await this.open(flags)
    if (flags.list) {
      const { listSavedQueries, savedQueriesTable } = await import('../src/jobs/query/saved.js')
      return this.show(await listSavedQueries(context), savedQueriesTable)
    }
    const { askWarehouse, askedSummary } = await import('../src/jobs/query/ask.js')
    const { param, format, limit, timeout: timeoutMs } = flags
    const engine = chosenEngine(flags.engine, context.site)
    if (engine !== 'duckdb' && flags['allow-read'] !== undefined) throw filesNotRead(engine)
    const cluster = engine === 'duckdb' ? undefined : { engine, context, timeoutMs }
    const output = flags.output === '-' ? undefined : flags.output
    const result = await askWarehouse(
      {
        source: { sql: args.sql, file: flags.file, saved: flags.saved, stdin: () => context.stdin() },
        options: { format, output, limit, readable: flags['allow-read'], cluster },
        parameters: param ?? [],
        collect: flags.json,
      },
      (bytes) => context.stdout.write(bytes),
      context,
    )
    return this.show(result, askedSummary)
  }
}
