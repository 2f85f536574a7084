import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../src/cli/base-command.js'
import {
  partitionRange,
  passwordFlags,
  passwordSources,
  rangeFlags,
  siteDatabase,
  targetFlags,
} from '../src/cli/export-flags.js'

export default class Export extends BaseCommand {
  static override summary = 'write a mart to PostgreSQL, CSV or Parquet'
  static override description = [
    'Each partition is replaced in one transaction and compared with the source by row count and checksum before it is committed; what the target holds already is left. A run that was cut off is resumed by the same command.',
    'Without --to it goes to the target that the site file names, else to the PostgreSQL that the site runs (profile apache, role postgres), else to a real one on 127.0.0.1 that smartcar starts by itself and keeps in the site folder (--status says where, --stop stops it).',
    'Passwords come from the environment (PGPASSWORD, or password_env of the target), from a file or from stdin; never from the command line.',
    'CSV is RFC 4180 with a header line; NULL is an empty field, the empty text is "".',
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> managed_smartcar_symptom_info',
    '<%= config.bin %> <%= command.id %> managed_smartcar_symptom_info --day 20200322 --to dwh',
    '<%= config.bin %> <%= command.id %> managed_smartcar_symptom_info --to postgres://pilot@server01:7432/pilot --password-file pw',
    '<%= config.bin %> <%= command.id %> managed_smartcar_status_info --from 20200301 --until 20200331 --to csv -o out/',
    '<%= config.bin %> <%= command.id %> --stop',
  ]
  static override args = {
    mart: Args.string({ ignoreStdin: true, description: 'the mart, as smartcar mart list names it' }),
  }
  static override flags = {
    ...rangeFlags,
    ...targetFlags,
    full: Flags.boolean({ description: 'write also what the target holds already' }),
    recreate: Flags.boolean({ description: 'drop a table that has other columns' }),
    ...passwordFlags,
    status: Flags.boolean({ exclusive: ['stop'], description: 'say whether the embedded PostgreSQL runs, and where' }),
    stop: Flags.boolean({ description: 'stop the embedded PostgreSQL' }),
  }

  async run() {
    const { args, flags } = await this.parse(Export)
    const context = await this.open(flags)
    if (flags.stop || flags.status) {
      const server = await import('../src/jobs/export/server.js')
      if (flags.stop) return this.show(await server.stopServer(context), server.stopSummary)
      return this.show(await server.serverStatus(context), server.statusSummary)
    }
    const { exportMart } = await import('../src/jobs/export/export.js')
    const { exportSummary } = await import('../src/jobs/export/result.js')
    const { to, output, schema, full, recreate } = flags
    const result = await exportMart(
      { mart: args.mart, range: partitionRange(flags), to, output, schema, full, recreate },
      { site: context.site, passwords: passwordSources(flags, context), ...siteDatabase(context) },
      context,
    )
    return this.show(result, exportSummary)
  }
}
