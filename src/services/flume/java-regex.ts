/** What is wrong with a regular expression of Java, as far as a look at its characters tells, and its capturing groups. */
export interface RegexCheck {
  readonly groups: number
  readonly problem?: { readonly index: number; readonly message: string }
}

/** Letters that stand for something behind a backslash in java.util.regex.Pattern; any other letter is an error there. */
const letterEscapes = 'tnrfaedDhHsSvVwWbBAGzZQEkpPxucRXN0'

class RegexError extends Error {
  constructor(
    readonly index: number,
    message: string,
  ) {
    super(message)
  }
}

class Reader {
  position = 0
  groups = 0
  constructor(readonly text: string) {}

  peek(offset = 0): string {
    return this.text.charAt(this.position + offset)
  }

  /** `\x`, `\p{Alpha}`, `\Q…\E`, `\k<name>`; the position is on the backslash. */
  escape(): void {
    const start = this.position
    const letter = this.peek(1)
    if (letter === '') throw new RegexError(start, 'ends with a backslash')
    if (/[A-Za-z]/.test(letter) && !letterEscapes.includes(letter)) {
      throw new RegexError(start, `\\${letter} means nothing in a regular expression of Java`)
    }
    this.position += 2
    if (letter === 'Q') {
      const end = this.text.indexOf('\\E', this.position)
      this.position = end === -1 ? this.text.length : end + 2
    } else if ((letter === 'p' || letter === 'P' || letter === 'x' || letter === 'N') && this.peek() === '{') {
      this.closing('}', start)
    } else if (letter === 'k') {
      if (this.peek() !== '<') throw new RegexError(start, '\\k needs <name> behind it')
      this.closing('>', start)
    }
  }

  private closing(mark: string, start: number): void {
    const end = this.text.indexOf(mark, this.position)
    if (end === -1) throw new RegexError(start, `"${mark}" is missing`)
    this.position = end + 1
  }

  /** `[a-z&&[^b]]`; the position is on the bracket. */
  set(): void {
    const start = this.position
    this.position++
    if (this.peek() === '^') this.position++
    let first = true
    let before: string | undefined
    while (true) {
      const character = this.peek()
      if (character === '') throw new RegexError(start, '"]" is missing')
      if (character === ']' && !first) break
      first = false
      if (character === '[') {
        this.set()
        before = undefined
      } else if (character === '\\') {
        this.escape()
        before = undefined
      } else if (character === '-' && before !== undefined && !['', ']', '[', '\\'].includes(this.peek(1))) {
        if (this.peek(1) < before) {
          throw new RegexError(this.position - 1, `${before}-${this.peek(1)} is no range: it goes backwards`)
        }
        this.position += 2
        before = undefined
      } else {
        before = character
        this.position++
      }
    }
    this.position++
  }

  /** `*`, `+?`, `{2,3}`, if one is here. */
  quantifier(): void {
    const character = this.peek()
    if (character === '{') {
      const found = /^\{(\d+)(,(\d*))?\}/.exec(this.text.slice(this.position))
      if (found === null)
        throw new RegexError(this.position, '"{" needs a number of repetitions behind it, or a backslash before')
      if (found[3] !== undefined && found[3] !== '' && Number(found[3]) < Number(found[1])) {
        throw new RegexError(this.position, `${found[0]} goes backwards`)
      }
      this.position += found[0].length
    } else if (character !== '' && '*+?'.includes(character)) this.position++
    else return
    if (this.peek() !== '' && '?+'.includes(this.peek())) this.position++
  }

  /** Everything up to the end or to the `)` that closes this level. */
  alternatives(open: number | undefined): void {
    while (this.position < this.text.length) {
      const start = this.position
      const character = this.peek()
      if (character === ')') {
        if (open === undefined) throw new RegexError(start, '")" closes nothing')
        return
      }
      if (character === '|') {
        this.position++
        continue
      }
      if (character !== '' && '*+?'.includes(character)) {
        throw new RegexError(start, `"${character}" repeats nothing`)
      }
      if (character === '(') this.group()
      else if (character === '[') this.set()
      else if (character === '\\') this.escape()
      // Java takes {3} behind nothing, too, but no other {.
      else if (character !== '{') this.position++
      this.quantifier()
    }
    if (open !== undefined) throw new RegexError(open, '")" is missing')
  }

  private group(): void {
    const open = this.position
    this.position++
    if (this.peek() === '?') {
      const special = /^\?(?:[:=!>]|<[=!]|<[A-Za-z][A-Za-z0-9]*>|[idmsuxU]*(?:-[idmsuxU]+)?[:)])/.exec(
        this.text.slice(this.position),
      )
      if (special === null) throw new RegexError(open, '"(?" begins no group that Java knows')
      this.position += special[0].length
      if (/^\?<[A-Za-z]/.test(special[0])) this.groups++
      // `(?i)` is a switch for what follows, not a group.
      if (special[0].endsWith(')')) return
    } else this.groups++
    this.alternatives(open)
    this.position++
  }
}

/** Checks an expression as java.util.regex.Pattern.compile would take it, after the properties file ate its backslashes. */
export function checkJavaRegex(text: string): RegexCheck {
  const reader = new Reader(text)
  try {
    reader.alternatives(undefined)
    return { groups: reader.groups }
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    return { groups: reader.groups, problem: { index: error.index, message: error.message } }
  }
}
