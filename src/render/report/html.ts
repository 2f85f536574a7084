/** Markup that is safe to print as it stands; only `html`, `raw` and `join` make it. */
export interface Html {
  readonly markup: string
}

export type Inlay = Html | string | number | undefined | false | readonly Inlay[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for element content and for quoted attributes alike. Control characters that HTML forbids become U+FFFD. */
export function escapeHtml(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (character) => entities[character] ?? character)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '\ufffd')
  )
}

/** A name that may be broken at its underscores, dots and slashes. */
export function breakable(name: string): Html {
  return { markup: escapeHtml(name).replace(/[_./]/g, '$&<wbr>') }
}

/** Trusted markup: constants of this program only, never data. */
export function raw(markup: string): Html {
  return { markup }
}

function print(inlay: Inlay): string {
  if (inlay === undefined || inlay === false) return ''
  if (typeof inlay === 'number') return String(inlay)
  if (typeof inlay === 'string') return escapeHtml(inlay)
  if ('markup' in inlay) return inlay.markup
  return inlay.map(print).join('')
}

/** A template whose inlays are escaped unless they are Html already; `undefined` and `false` print nothing. */
export function html(strings: TemplateStringsArray, ...inlays: readonly Inlay[]): Html {
  let markup = strings[0] ?? ''
  for (const [index, inlay] of inlays.entries()) markup += print(inlay) + (strings[index + 1] ?? '')
  return { markup }
}
