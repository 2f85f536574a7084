/** Texts and comments of DuckDB's SQL, in which a semicolon ends nothing. */
const pieces =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1|--[^\n]*|\/\*[\s\S]*?\*\/|;|[^'"$\-/;]+|[\s\S]/g

/** A text that holds one statement without what stands behind it: the semicolon, comments. */
export function withoutEnd(text: string): string {
  for (const piece of text.matchAll(pieces)) {
    if (piece[0] === ';') return text.slice(0, piece.index)
  }
  return text
}
