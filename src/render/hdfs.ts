import { bytes, duration, number, plural, rate } from './format.js'
import { table } from './table.js'

interface Entry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link'
  readonly size: number
  readonly owner: string
  readonly group: string
  readonly permission: string
  readonly modified: number
  readonly replication: number
}

/** `755` of a folder as `drwxr-xr-x`; a leading 1 is the sticky bit. */
function permissions({ kind, permission }: Entry): string {
  const sticky = permission.length === 4 && permission.startsWith('1')
  const bits = [...permission.slice(-3)]
    .map((digit) => Number(digit))
    .map((digit) => `${digit & 4 ? 'r' : '-'}${digit & 2 ? 'w' : '-'}${digit & 1 ? 'x' : '-'}`)
    .join('')
  const last = sticky ? (bits.endsWith('x') ? 't' : 'T') : bits.slice(-1)
  return `${kind === 'directory' ? 'd' : kind === 'link' ? 'l' : '-'}${bits.slice(0, -1)}${last}`
}

const time = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace('T', ' ')

export function lsText({ entries }: { readonly entries: readonly Entry[] }): string {
  if (entries.length === 0) return ''
  return table(
    [
      { title: 'mode' },
      { title: 'copies', align: 'right' },
      { title: 'owner' },
      { title: 'group' },
      { title: 'size', align: 'right' },
      { title: 'modified (UTC)' },
      { title: 'path' },
    ],
    entries.map((entry) => [
      permissions(entry),
      entry.kind === 'file' ? String(entry.replication) : '-',
      entry.owner,
      entry.group,
      entry.kind === 'directory' ? '-' : number(entry.size),
      time(entry.modified),
      entry.kind === 'directory' ? `${entry.path}/` : entry.path,
    ]),
  )
}

export function mkdirText(result: { readonly folders: readonly { readonly path: string; readonly status: string }[] }) {
  return result.folders.map(({ path, status }) => `${path}  ${status}\n`).join('')
}

export function transferText(result: {
  readonly files: readonly {
    readonly to: string
    readonly bytes: number
    readonly status: string
    readonly resumedFrom: number
  }[]
  readonly bytes: number
  readonly transferred: number
  readonly ms: number
}): string {
  const shown = result.files.slice(0, 20).map(({ to, bytes: size, status, resumedFrom }) => {
    const resumed = resumedFrom > 0 ? `, resumed at ${bytes(resumedFrom)}` : ''
    return `${to}  ${status === 'unchanged' ? 'unchanged' : `${bytes(size)}${resumed}`}\n`
  })
  const more = result.files.length - shown.length
  const total =
    result.transferred === 0
      ? ''
      : `${plural(result.files.length, 'file')}, ${bytes(result.transferred)} in ${duration(result.ms)}, ${rate(result.transferred / 1e6, result.ms, 'MB')}\n`
  return `${shown.join('')}${more > 0 ? `… and ${plural(more, 'more file', 'more files')}\n` : ''}${total}`
}

export function removedText(result: {
  readonly removed: readonly {
    readonly path: string
    readonly kind: string
    readonly files: number
    readonly size: number
  }[]
}): string {
  return result.removed
    .map(({ path, kind, files, size }) =>
      kind === 'directory'
        ? `removed ${path}/ with ${plural(files, 'file')}, ${bytes(size)}\n`
        : `removed ${path}, ${bytes(size)}\n`,
    )
    .join('')
}

export function duText(result: {
  readonly rows: readonly {
    readonly path: string
    readonly size: number
    readonly consumed: number
    readonly files: number
  }[]
}): string {
  const total = result.rows.reduce(
    (sum, row) => ({ size: sum.size + row.size, consumed: sum.consumed + row.consumed, files: sum.files + row.files }),
    { size: 0, consumed: 0, files: 0 },
  )
  const rows = result.rows.length > 1 ? [...result.rows, { path: '(total)', ...total }] : result.rows
  return table(
    [
      { title: 'size', align: 'right' },
      { title: 'with copies', align: 'right' },
      { title: 'files', align: 'right' },
      { title: 'path' },
    ],
    rows.map(({ path, size, consumed, files }) => [bytes(size), bytes(consumed), number(files), path]),
  )
}

export function changedText({ changed, unchanged }: { readonly changed: number; readonly unchanged: number }): string {
  return `${number(changed)} changed, ${number(unchanged)} unchanged\n`
}

export function fsckText(result: {
  readonly path: string
  readonly healthy: boolean
  readonly files: number
  readonly blocks: number
  readonly corruptBlocks: number
  readonly missingBlocks: number
  readonly underReplicatedBlocks: number
  readonly problems: readonly { readonly path: string; readonly kind: string; readonly text: string }[]
}): string {
  const head = `${result.path}: ${result.healthy ? 'healthy' : 'NOT healthy'}, ${plural(result.files, 'file')}, ${plural(result.blocks, 'block')}: ${number(result.missingBlocks)} missing, ${number(result.corruptBlocks)} corrupt, ${number(result.underReplicatedBlocks)} with too few copies\n`
  if (result.problems.length === 0) return head
  return (
    head +
    table(
      [{ title: 'file' }, { title: 'what' }, { title: 'HDFS says' }],
      result.problems.map(({ path, kind, text }) => [path, kind, text]),
    )
  )
}

export function reportText(result: {
  readonly version: string
  readonly safeMode: string
  readonly capacity: number
  readonly used: number
  readonly free: number
  readonly files: number
  readonly blocks: number
  readonly missingBlocks: number
  readonly corruptBlocks: number
  readonly underReplicatedBlocks: number
  readonly dataNodes: readonly {
    readonly node: string
    readonly state: string
    readonly capacity?: number
    readonly used?: number
    readonly free?: number
    readonly blocks?: number
    readonly lastContact?: number
  }[]
}): string {
  const size = (value: number | undefined) => (value === undefined ? '' : bytes(value))
  return [
    `Hadoop ${result.version}, safe mode ${result.safeMode === '' ? 'off' : `ON: ${result.safeMode}`}\n`,
    `${bytes(result.used)} used and ${bytes(result.free)} free of ${bytes(result.capacity)}\n`,
    `${number(result.files)} files and folders, ${plural(result.blocks, 'block')}: ${number(result.missingBlocks)} missing, ${number(result.corruptBlocks)} corrupt, ${number(result.underReplicatedBlocks)} with too few copies\n`,
    result.dataNodes.length === 0
      ? 'no DataNode has reported yet\n'
      : table(
          [
            { title: 'DataNode' },
            { title: 'state' },
            { title: 'capacity', align: 'right' },
            { title: 'used', align: 'right' },
            { title: 'free', align: 'right' },
            { title: 'blocks', align: 'right' },
            { title: 'heard of' },
          ],
          result.dataNodes.map((node) => [
            node.node,
            node.state,
            size(node.capacity),
            size(node.used),
            size(node.free),
            node.blocks === undefined ? '' : number(node.blocks),
            node.lastContact === undefined ? '' : `${duration(node.lastContact * 1000)} ago`,
          ]),
        ),
  ].join('')
}
