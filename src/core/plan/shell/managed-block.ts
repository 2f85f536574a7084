const begin = (name: string) => `# BEGIN smartcar ${name}`
const end = (name: string) => `# END smartcar ${name}`

function split(text: string): readonly string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Lines of the block `name` and all others. An end mark that was deleted by hand ends the block at its last own line. */
function parts(text: string, name: string, body: readonly string[]): { own: string[] | undefined; foreign: string[] } {
  const lines = split(text)
  const foreign: string[] = []
  let own: string[] | undefined
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    if (line === end(name)) continue
    if (line !== begin(name)) {
      foreign.push(line)
      continue
    }
    const close = lines.indexOf(end(name), at)
    const last = close === -1 ? at + lines.slice(at + 1).filter((one) => body.includes(one)).length : close
    own = [...(own ?? []), ...lines.slice(at + 1, close === -1 ? last + 1 : close)]
    at = last
  }
  return { own, foreign }
}

/** The lines of the block `name` in `text`; undefined when it has none. */
export function readBlock(text: string, name: string): string | undefined {
  return parts(text, name, []).own?.join('\n')
}

/** `text` with the block `name` at its end holding exactly `body`; every other line stays as it is. */
export function writeBlock(text: string, name: string, body: readonly string[]): string {
  const { foreign } = parts(text, name, body)
  return `${[...foreign, begin(name), ...body, end(name)].join('\n')}\n`
}

/** `text` without the block `name`. */
export function removeBlock(text: string, name: string): string {
  const { own, foreign } = parts(text, name, [])
  if (own === undefined) return text
  return foreign.length === 0 ? '' : `${foreign.join('\n')}\n`
}
