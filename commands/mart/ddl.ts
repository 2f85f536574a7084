import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../../src/cli/base-command.js'
import { dayFlag, monthFlag } from '../../src/cli/flags.js'
import { dialectNames } from '../../src/core/sql.js'

export default class MartDdl extends BaseCommand {
  static override summary = 'print the SQL of tables for an engine'
  static override description =
    `For every table the statement that makes it, and for marts the one that replaces a partition. Without --day or --month
the partition is a variable such as \${biz_date}, which Hive and Oozie fill in.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dialect hive > marts.hql',
    '<%= config.bin %> <%= command.id %> managed_smartcar_symptom_info --dialect impala --day 20200322',
  ]
  static override args = {
    table: Args.string({ multiple: true, ignoreStdin: true, description: 'tables [default: all]' }),
  }
  static override flags = {
    dialect: Flags.option({ options: dialectNames, default: 'duckdb' as const, description: 'engine to write for' })(),
    day: dayFlag({ exclusive: ['month'], description: 'partition of the marts by day' }),
    month: monthFlag({ description: 'partition of the marts by month' }),
  }

  async run() {
    const { args, flags } = await this.parse(MartDdl)
    const context = await this.open(flags)
    const { ddlText, tableSql } = await import('../../src/jobs/mart/ddl.js')
    const result = await tableSql(
      {
        dialect: flags.dialect,
        tables: args.table ?? [],
        ...(flags.day === undefined ? {} : { day: flags.day }),
        ...(flags.month === undefined ? {} : { month: flags.month }),
      },
      context,
    )
    return this.show(result, ddlText)
  }
}
