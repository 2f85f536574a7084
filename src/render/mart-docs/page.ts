/** `mart docs`: the warehouse on one HTML page that loads nothing. Plain values in, text out. */
import { bytes, number } from '../format.js'
import { type Html, html, raw } from '../report/html.js'
import { styleSheet } from '../report/theme.js'
import { layOut, nodeHeight, nodeWidth } from './lineage.js'

export interface DocumentedTable {
  readonly name: string
  readonly kind: 'source' | 'view' | 'mart'
  readonly note: string
  readonly grain: string
  readonly key: readonly string[]
  readonly partitionedBy: string | null
  readonly columns: readonly { readonly name: string; readonly type: string; readonly note: string }[]
  readonly reads: readonly string[]
  readonly readBy: readonly string[]
  readonly tests: readonly string[]
  readonly rows: number | null
  readonly partitions: readonly {
    readonly partition: string
    readonly rows: number | null
    readonly bytes: number
    readonly builtAt: string | null
    readonly tests: readonly { readonly test: string; readonly failures: number }[]
  }[]
  /** The SELECT that makes the table, where there is one. */
  readonly sql: string | null
}

export interface MartDocs {
  readonly site: string
  readonly tables: readonly DocumentedTable[]
}

const style = `
.lineage{overflow-x:auto;padding:1.25rem}
.lineage svg{display:block;margin:auto}
.lineage .edge{fill:none;stroke:var(--muted);stroke-opacity:.45;stroke-width:1.4}
.lineage .box{fill:var(--card);stroke:var(--line);stroke-width:1.2}
.lineage .mart .box{fill:var(--good-soft);stroke:var(--good)}
.lineage .view .box{stroke-dasharray:4 3;stroke:var(--muted)}
.lineage text{font-size:11.5px;fill:var(--ink)}
.lineage .prefix{fill:var(--muted);font-size:10.5px}
.lineage a:hover .box{stroke:var(--accent);stroke-width:2}
.lineage .lit{stroke:var(--accent);stroke-opacity:1;stroke-width:2}
.keys{display:flex;flex-wrap:wrap;gap:.35rem 1.5rem;margin:.6rem 0 0;padding:0;list-style:none;font-size:.84rem;color:var(--muted)}
.keys a{color:var(--accent);text-decoration:none}
.tag{font-size:.72rem;font-weight:500;border:1px solid var(--line);border-radius:99px;padding:.1rem .6rem;margin-left:.6rem;vertical-align:middle;color:var(--muted)}
.tag.mart{color:var(--good);border-color:var(--good)}
.card+.card{margin-top:1rem}
.card ul{margin:0;padding-left:1.1rem;font-size:.875rem}
.card pre{margin:.8rem 0 0;overflow-x:auto;font:400 .78rem/1.55 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
summary{cursor:pointer;font-size:.875rem;font-weight:600}
td.name{font-weight:600;white-space:nowrap}
.bar{display:block;height:.4rem;min-width:1px;border-radius:99px;background:var(--accent)}
td.share{width:30%}
`

/** Lights up the ways from and to the table under the pointer. */
const script = `for(const node of document.querySelectorAll('.lineage a')){
const name=node.dataset.name
const light=(on)=>{for(const edge of document.querySelectorAll('.edge'))if(edge.dataset.from===name||edge.dataset.to===name)edge.classList.toggle('lit',on)}
node.addEventListener('pointerenter',()=>light(true));node.addEventListener('pointerleave',()=>light(false))
node.addEventListener('focus',()=>light(true));node.addEventListener('blur',()=>light(false))}`

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

/** `managed_smartcar_` and what follows it, so that long names fit in two lines. */
function twoLines(name: string): readonly [string, string] {
  const match = /^(managed_smartcar_|smartcar_)(.+)$/.exec(name)
  return match === null ? ['', name] : [match[1] ?? '', match[2] ?? '']
}

function lineageSvg(tables: readonly DocumentedTable[]): Html {
  const margin = 4
  const { nodes, edges, width, height } = layOut(tables)
  const rows = new Map(tables.map((table) => [table.name, table.rows]))
  const boxes = nodes.map((node) => {
    const [prefix, rest] = twoLines(node.name)
    const count = rows.get(node.name)
    return html`<a href="#${node.name}" class="${node.kind}" data-name="${node.name}"><title>${node.name}${count === null || count === undefined ? '' : `: ${number(count)} rows`}</title><rect class="box" x="${node.x}" y="${node.y}" width="${nodeWidth}" height="${nodeHeight}" rx="9"/><text x="${node.x + 12}" y="${node.y + 19}" class="prefix">${prefix === '' ? node.kind : prefix}</text><text x="${node.x + 12}" y="${node.y + 35}">${rest}</text></a>`
  })
  const lines = edges.map(
    (edge) => html`<path class="edge" data-from="${edge.from}" data-to="${edge.to}" d="${edge.path}"/>`,
  )
  return html`<svg role="img" aria-label="which table is made from which" width="${width + 2 * margin}" height="${height + 2 * margin}" viewBox="${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}">${lines}${boxes}</svg>`
}

const links = (names: readonly string[]): Html =>
  html`${names.map((name, index) => html`${index === 0 ? '' : ', '}<a href="#${name}">${name}</a>`)}`

function columnTable(table: DocumentedTable): Html {
  const rows = table.columns.map(
    (column) =>
      html`<tr><td class="name">${column.name}</td><td>${column.type}${table.partitionedBy === column.name ? ' (partition)' : ''}</td><td>${column.note}</td></tr>`,
  )
  return html`<div class="card"><div class="scroll"><table><caption>columns of ${table.name}</caption><thead><tr><th>column</th><th>type</th><th>meaning</th></tr></thead><tbody>${rows}</tbody></table></div></div>`
}

function partitionTable(table: DocumentedTable): Html | undefined {
  if (table.partitions.length === 0) return undefined
  const most = Math.max(1, ...table.partitions.map((partition) => partition.rows ?? 0))
  const rows = table.partitions.map((partition) => {
    const failed = partition.tests.filter((test) => test.failures > 0).length
    const tests =
      partition.tests.length === 0 ? '' : failed === 0 ? `${partition.tests.length} passed` : `${failed} failed`
    const share = `${(((partition.rows ?? 0) / most) * 100).toFixed(2)}%`
    return html`<tr><td class="name">${partition.partition === '' ? 'all' : partition.partition}</td><td class="r">${partition.rows === null ? 'unreadable' : number(partition.rows)}</td><td class="share"><span class="bar" style="width:${share}"></span></td><td class="r">${bytes(partition.bytes)}</td><td>${partition.builtAt?.slice(0, 19).replace('T', ' ') ?? ''}</td><td>${tests}</td></tr>`
  })
  return html`<div class="card"><div class="scroll"><table><caption>rows of ${table.name} by partition</caption><thead><tr><th>${table.partitionedBy ?? 'partition'}</th><th class="r">rows</th><th></th><th class="r">size</th><th>${table.kind === 'mart' ? 'built (UTC)' : ''}</th><th>${table.kind === 'mart' ? 'tests' : ''}</th></tr></thead><tbody>${rows}</tbody></table></div></div>`
}

function tableSection(table: DocumentedTable): Html {
  const facts = [
    html`<li>one row is ${table.grain}</li>`,
    table.key.length > 0 && html`<li>key: ${table.key.join(', ')}</li>`,
    table.reads.length > 0 && html`<li>reads ${links(table.reads)}</li>`,
    table.readBy.length > 0 && html`<li>read by ${links(table.readBy)}</li>`,
    table.rows !== null && html`<li>${number(table.rows)} rows</li>`,
  ]
  const tests =
    table.tests.length > 0 &&
    html`<div class="card"><details><summary>${table.tests.length} data tests</summary><ul>${table.tests.map((test) => html`<li>${test}</li>`)}</ul></details></div>`
  const sql =
    table.sql !== null && html`<div class="card"><details><summary>SQL</summary><pre>${table.sql}</pre></details></div>`
  return html`<section id="${table.name}"><header><h2>${table.name}<span class="tag ${table.kind}">${table.kind}</span></h2><p class="lead">${table.note}</p><ul class="keys">${facts}</ul></header>${partitionTable(table)}${columnTable(table)}${tests}${sql}</section>`
}

/** One HTML page about all tables; the same values give the same bytes. */
export function renderMartDocs(docs: MartDocs): string {
  const marts = docs.tables.filter((table) => table.kind === 'mart')
  const inOrder = [...marts, ...docs.tables.filter((table) => table.kind !== 'mart')]
  const rows = marts.reduce((sum, table) => sum + (table.rows ?? 0), 0)
  const tests = marts.reduce((sum, table) => sum + table.tests.length, 0)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>smartcar warehouse</title>
<style>${raw(styleSheet)}${raw(style)}</style>
</head>
<body id="top">
<div class="top"><div class="inner"><a class="brand" href="#top">smartcar</a><nav class="contents">${marts.map((table) => html`<a href="#${table.name}">${twoLines(table.name)[1]}</a>`)}</nav></div></div>
<main>
<header class="hero"><p class="eyebrow">${docs.site}</p><h1>Warehouse</h1><p class="sentence">${docs.tables.length} tables, ${marts.length} of them built: ${number(rows)} rows, ${tests} data tests.</p></header>
<div class="card lineage">${lineageSvg(docs.tables)}</div>
${inOrder.map(tableSection)}
</main>
<script>${raw(script)}</script>
</body>
</html>
`
  return page.markup
}
