import { number } from '../format.js'
import { type Html, html, type Inlay, raw } from './html.js'
import { say } from './text.js'

/** A section of the page; `id` is its anchor and names its drawings. */
export function section(id: string, title: Html, lead: Inlay, body: Inlay): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title"><header><h2 id="${id}-title">${title}</h2>${lead !== undefined && html`<p class="lead">${lead}</p>`}</header>${body}</section>`
}

export function card(
  title: Html | undefined,
  body: Inlay,
  options: { readonly id?: string; readonly span?: true } = {},
): Html {
  const id = options.id === undefined ? undefined : html` id="${options.id}"`
  return html`<div class="card${options.span ? ' span' : ''}">${title !== undefined && html`<h3${id}>${title}</h3>`}${body}</div>`
}

/** What stands where there is nothing to show; `good` when nothing is what one hopes for. */
export function empty(text: Html, good: boolean): Html {
  return html`<div class="card empty${good ? ' good' : ''}"><p>${text}</p></div>`
}

/** `2,540 more not listed` below a list that was cut. */
export function more(shown: number, total: number): Html | undefined {
  if (total <= shown) return undefined
  const rest = number(total - shown)
  return html`<p class="more">${say(`목록에 없는 ${rest}건이 더 있습니다`, `${rest} more not listed`)}</p>`
}

export interface Column {
  readonly title: Html
  readonly align?: 'right'
  /** Left out on a phone. */
  readonly wide?: true
}

export interface Cell {
  readonly show: Inlay
  /** What the column is sorted by, when it is not the text shown. */
  readonly sort?: number | string
}

/** A longer table scrolls in its own frame, so that the page stays short. */
const rowsInView = 20

/** A table that its reader can sort by any column; `caption` is read to those who do not see it. */
export function dataTable(caption: Html, columns: readonly Column[], rows: readonly (readonly Cell[])[]): Html {
  const classOf = (column: Column | undefined) =>
    [column?.align === 'right' ? 'r' : '', column?.wide ? 'wide' : ''].filter((name) => name !== '').join(' ')
  const head = columns.map(
    (column) => html`<th scope="col" class="${classOf(column)}"><button type="button">${column.title}</button></th>`,
  )
  const body = rows.map(
    (row) =>
      html`<tr>${row.map(
        (cell, index) =>
          html`<td class="${classOf(columns[index])}"${cell.sort !== undefined && html` data-v="${cell.sort}"`}>${cell.show}</td>`,
      )}</tr>\n`,
  )
  return html`<div class="scroll${rows.length > rowsInView && ' tall'}"${rows.length > rowsInView && raw(' tabindex="0"')}><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

export function chip(tone: 'bad' | 'warn' | 'good' | 'plain', body: Inlay): Html {
  return html`<span class="chip ${tone}">${body}</span>`
}

/** A number cell that sorts by its value. */
export function count(value: number, digits = 0): Cell {
  return { show: number(value, digits), sort: value }
}
