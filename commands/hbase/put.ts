import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { UsageError } from '../../src/core/errors.js'

export default class HbasePut extends BaseCommand {
  static override summary = 'store a row, or the rows of a CSV file'
  static override description =
    'The first line of a file names its fields: key, and columns as cf1:speed. An empty field stores nothing. A row that is there already gets the new values.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> DriverCarInfo 00000010106102-A0001 cf1:speed=80 cf1:area_number=D07',
    '<%= config.bin %> <%= command.id %> DriverCarInfo --file rows.csv',
    'cat drive.log | <%= config.bin %> <%= command.id %> DriverCarInfo --file - --columns cf1:date,key,-,cf1:speed',
  ]
  static override strict = false
  static override args = {
    table: Args.string({ ignoreStdin: true, required: true, description: 'name of the table' }),
    row: Args.string({ ignoreStdin: true, description: 'key of one row' }),
    cells: Args.string({ ignoreStdin: true, description: 'its cells, as cf1:speed=80' }),
  }
  static override flags = {
    file: Flags.string({ helpValue: 'FILE', description: 'rows of a CSV file; - for stdin' }),
    columns: Flags.string({ helpValue: 'NAMES', dependsOn: ['file'], description: 'fields of a file without header' }),
    delimiter: Flags.string({ default: ',', description: 'character between fields' }),
  }

  async run() {
    const { args, argv, flags } = await this.parse(HbasePut)
    const cells = argv.slice(2).map(String)
    if ((flags.file === undefined) === (args.row === undefined) || (args.row !== undefined && cells.length === 0))
      throw new UsageError('HBASE_PUT', 'give a row with its cells, or --file', {
        hints: [`smartcar hbase put ${args.table} KEY cf1:speed=80`],
      })
    const context = await this.open(flags)
    const [{ hbaseOf }, { putCells, putRows }, { storedText }] = await Promise.all([
      import('../../src/jobs/hbase/open.js'),
      import('../../src/jobs/hbase/put.js'),
      import('../../src/render/hbase.js'),
    ])
    const hbase = hbaseOf(context)
    if (args.row !== undefined) return this.show(await putCells(hbase, args.table, args.row, cells), storedText)
    const columns = flags.columns === undefined ? {} : { columns: flags.columns.split(',') }
    const source = { file: flags.file ?? '-', stdin: () => context.stdin(), delimiter: flags.delimiter }
    return this.show(await putRows(hbase, { table: args.table, ...source, ...columns }, context), storedText)
  }
}
