/** Order of one character: `~` before the end, the end (0) before letters, letters before the rest (deb-version(7)). */
function weight(character: string | undefined): number {
  if (character === undefined || /[0-9]/.test(character)) return 0
  if (character === '~') return -1
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}

/** Compares upstream versions, or revisions, as dpkg does: runs of other characters and of digits in turn. */
function comparePart(a: string, b: string): number {
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/[0-9]/.test(a[i] ?? '')) || (j < b.length && !/[0-9]/.test(b[j] ?? ''))) {
      const order = weight(a[i]) - weight(b[j])
      if (order !== 0) return order
      i++
      j++
    }
    const [one = '', other = ''] = [/^\d*/.exec(a.slice(i))?.[0], /^\d*/.exec(b.slice(j))?.[0]]
    const [left, right] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')]
    if (left.length !== right.length) return left.length - right.length
    if (left !== right) return left < right ? -1 : 1
    i += one.length
    j += other.length
  }
  return 0
}

function parse(text: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const colon = text.indexOf(':')
  const rest = text.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon === -1 ? 0 : Number(text.slice(0, colon)),
    upstream: dash === -1 ? rest : rest.slice(0, dash),
    revision: dash === -1 ? '' : rest.slice(dash + 1),
  }
}

/** Compares two Debian versions, `[epoch:]upstream[-revision]`. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [parse(a), parse(b)]
  return (
    one.epoch - other.epoch || comparePart(one.upstream, other.upstream) || comparePart(one.revision, other.revision)
  )
}
