import { duration, number } from './format.js'
import { table } from './table.js'

interface Checked {
  readonly flumeVersion: string
  readonly files: readonly {
    readonly file: string
    readonly findings: readonly {
      readonly severity: string
      readonly rule: string
      readonly line: number
      readonly column: number
      readonly message: string
      readonly hint?: string
    }[]
  }[]
  readonly errors: number
  readonly warnings: number
  readonly infos: number
}

/** Values of a file could move the cursor or colour the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
}

/** Findings as compilers print them, `file:line:column: error: …`, with hints below and a count at the end. */
export function flumeFindings(result: Checked): string {
  const lines = result.files.flatMap(({ file, findings }) =>
    findings.flatMap(({ severity, rule, line, column, message, hint }) => [
      `${file}:${line}:${column}: ${severity}: ${printable(message)} [${rule}]`,
      ...(hint === undefined ? [] : [`    ${printable(hint)}`]),
    ]),
  )
  const count = (amount: number, word: string) => `${number(amount)} ${word}${amount === 1 ? '' : 's'}`
  const total =
    lines.length === 0
      ? `nothing to say about ${result.files.map(({ file }) => file).join(', ')}`
      : [count(result.errors, 'error'), count(result.warnings, 'warning'), count(result.infos, 'note')].join(', ')
  return `${[...lines, `${total} (Flume ${result.flumeVersion})`].join('\n')}\n`
}

interface AgentLine {
  readonly host: string
  readonly state: string
  readonly summary: string
  readonly hints: readonly string[]
  readonly uptime?: number
  readonly components: readonly {
    readonly kind: string
    readonly name: string
    readonly missing: boolean
    readonly rows: number
    readonly waiting?: number
    readonly fill?: number
  }[]
}

/** The agents, and what their parts have counted since they were started. */
export function flumeStatusText({ agents }: { readonly agents: readonly AgentLine[] }): string {
  return agents
    .map(({ host, state, summary, hints, uptime, components }) => {
      const head = `${host}: ${state}${uptime === undefined ? '' : ` since ${duration(uptime * 1000)}`}: ${summary}\n`
      const rows = components.map(({ kind, name, missing, rows: count, waiting, fill }) => [
        kind,
        name,
        missing ? 'MISSING' : number(count),
        waiting === undefined ? '' : number(waiting),
        fill === undefined ? '' : `${number(fill, 1)} %`,
      ])
      const parts =
        rows.length === 0
          ? ''
          : table(
              [
                { title: 'kind' },
                { title: 'name' },
                { title: 'rows', align: 'right' },
                { title: 'waiting', align: 'right' },
                { title: 'full', align: 'right' },
              ],
              rows,
            )
      return `${head}${parts}${state === 'healthy' ? '' : hints.map((hint) => `  ${hint}\n`).join('')}`
    })
    .join('\n')
}
