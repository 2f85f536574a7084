import { exitCodes } from '../src/core/exit-codes.js'
import { environmentKeys, environmentName } from '../src/core/site/resolve.js'

/** What oclif.manifest.json says of a flag or an argument, as far as it is used here. */
interface ManifestOption {
  readonly name: string
  readonly char?: string
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly env?: string
  readonly helpValue?: string | string[]
  readonly helpGroup?: string
  readonly multiple?: boolean
  readonly required?: boolean
  readonly options?: readonly string[]
  readonly hidden?: boolean
}

interface ManifestCommand {
  readonly id: string
  readonly summary?: string
  readonly description?: string
  readonly examples?: readonly (string | { readonly command: string; readonly description: string })[]
  readonly args: Readonly<Record<string, ManifestOption>>
  readonly flags: Readonly<Record<string, ManifestOption>>
  readonly hidden?: boolean
}

export interface Manifest {
  readonly commands: Readonly<Record<string, ManifestCommand>>
}

const byName = <T extends { readonly name: string }>(values: Readonly<Record<string, T>>): T[] =>
  Object.values(values).sort((a, b) => a.name.localeCompare(b.name, 'en'))

const sortedCommands = (manifest: Manifest) =>
  Object.values(manifest.commands)
    .filter((command) => command.hidden !== true)
    .sort((a, b) => (a.id < b.id ? -1 : 1))

/** The pinned surface: commands, arguments, flags, environment names, exit codes; no prose. */
export function surface(manifest: Manifest): unknown {
  const option = (value: ManifestOption) => ({
    ...(value.type === undefined ? {} : { type: value.type }),
    ...(value.char === undefined ? {} : { char: value.char }),
    ...(value.multiple ? { multiple: true } : {}),
    ...(value.required ? { required: true } : {}),
    ...(value.options === undefined ? {} : { options: value.options }),
    ...(value.default === undefined || value.default === null || typeof value.default === 'function'
      ? {}
      : { default: value.default }),
    ...(value.env === undefined ? {} : { env: value.env }),
  })
  const named = (values: Readonly<Record<string, ManifestOption>>) =>
    Object.fromEntries(byName(values).map((value) => [value.name, option(value)]))
  return {
    commands: Object.fromEntries(
      sortedCommands(manifest).map((command) => [
        command.id.replaceAll(':', ' '),
        { arguments: named(command.args), flags: named(command.flags) },
      ]),
    ),
    environment: ['SMARTCAR_SITE', ...environmentKeys.map(environmentName)],
    exitCodes: Object.fromEntries(Object.values(exitCodes).map(({ code, meaning }) => [code, meaning])),
  }
}

function plain(text: string, command: ManifestCommand): string {
  return text
    .replaceAll('<%= config.bin %>', 'smartcar')
    .replaceAll('<%= command.id %>', command.id.replaceAll(':', ' '))
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function commandSection(command: ManifestCommand): string {
  const name = command.id.replaceAll(':', ' ')
  const args = Object.values(command.args)
  const flags = byName(command.flags).filter((flag) => flag.helpGroup !== 'GLOBAL' && flag.hidden !== true)
  const lines = [`## smartcar ${name}`, '', plain(command.summary ?? '', command), '']
  const examples = command.examples ?? []
  if (examples.length > 0) {
    const text = examples.map((example) =>
      typeof example === 'string'
        ? plain(example, command)
        : `# ${plain(example.description, command)}\n${plain(example.command, command)}`,
    )
    lines.push('```sh', ...text, '```', '')
  }
  if (command.description !== undefined && command.description !== command.summary) {
    lines.push(plain(command.description, command), '')
  }
  if (args.length > 0 || flags.length > 0) {
    lines.push('| argument or flag | meaning |', '|---|---|')
    for (const arg of args) lines.push(`| \`${arg.name.toUpperCase()}\` | ${cell(arg.description ?? '')} |`)
    for (const flag of flags) {
      const value = flag.type === 'option' ? `=${flag.helpValue ?? flag.options?.join('\\|') ?? '…'}` : ''
      const fallback =
        flag.default === undefined || flag.default === null || flag.default === '' || flag.type === 'boolean'
          ? ''
          : ` [default: ${String(flag.default)}]`
      lines.push(
        `| \`${flag.char === undefined ? '' : `-${flag.char}, `}--${flag.name}${value}\` | ${cell(plain(flag.description ?? '', command))}${cell(fallback)} |`,
      )
    }
    lines.push('')
  }
  return lines.join('\n')
}

/** docs/commands.md, from the manifest. */
export function commandReference(manifest: Manifest): string {
  const commands = sortedCommands(manifest)
  const rows = commands.map((command) => {
    const name = command.id.replaceAll(':', ' ')
    return `| [${name}](#smartcar-${name.replaceAll(' ', '-')}) | ${cell(command.summary ?? '')} |`
  })
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  return [
    '# Commands',
    '',
    'Generated from the commands themselves (`npm run docs`); a test compares.',
    '',
    'Every command takes `--site PATH` (site file, or folder to work in), `--json` (one JSON value on stdout, also on failure; progress as JSON lines on stderr) and `--quiet`.',
    '',
    '| command | what it does |',
    '|---|---|',
    ...rows,
    '',
    ...commands.map(commandSection),
    '## Exit codes',
    '',
    '| code | meaning |',
    '|---:|---|',
    ...codes,
    '',
  ].join('\n')
}
