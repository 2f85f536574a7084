/** What Hive, Impala and Spark say about a statement: the words for people, the place where they tell one. Pure. */

export interface EngineComplaint {
  readonly message: string
  /** A mistake in the text of the statement; else something happened while it ran. */
  readonly isMistake: boolean
  /** Line from 1, column from 0, in the text that was sent. */
  readonly line?: number
  readonly column?: number
  /** The table that does not exist. */
  readonly missingTable?: string
}

/** `Line 1:14 Table not found 'x'`, `line 1:7 cannot recognize …` */
const hivePlace = /\bline (\d+):(\d+)\b/i
/** `(line 1, pos 7)`, `; line 1 pos 14` */
const sparkPlace = /\bline (\d+),? pos (\d+)\b/i
const missingTables = [
  /Table not found '?(?:[\w]+\.)?(\w+)'?/i,
  /The table or view `?(?:[\w]+`?\.`?)*(\w+)`? cannot be found/i,
  /Could not resolve table reference: '(?:[\w]+\.)?(\w+)'/i,
]
const wrappers = [
  /^org\.apache\.hive\.service\.cli\.HiveSQLException: /,
  /^Error (?:running query|while (?:compiling|processing) statement|operating [A-Z_]+): /,
  // Spark names the error's class, then Java's, then the class again.
  /^\[[A-Z_.]+\] (?=(?:org|java)\.)/,
  /^(?:org\.apache|java)\.[\w.$]+(?:Exception|Error): /,
  /^FAILED: /,
  /^Execution Error, return code \S+ from \S+?\. /,
  /^(?:Semantic|Parse|UDFArgument\w*)Exception /,
  /^(?:\[Error \d+\]: )?Line \d+:-?\d+ /i,
  /^\[Error \d+\]: /,
]

/** Takes names of Java classes and the like from before the words. */
function unwrapped(text: string): string {
  let rest = text.trim()
  for (;;) {
    const shorter = wrappers.reduce((words, wrapper) => words.replace(wrapper, '').trimStart(), rest)
    if (shorter === rest) return rest
    rest = shorter
  }
}

/** Compile-time errors of Hive, for which it has a state or not; Spark's tell by their state alone. */
const mistakes = /ParseException|SemanticException|UDFArgument\w*Exception|AnalysisException/

export function readComplaint(text: string, sqlState: string | undefined): EngineComplaint {
  const place = sparkPlace.exec(text) ?? hivePlace.exec(text)
  // Spark repeats the statement and draws its plan behind its words, which end in the state and the place.
  const [words = ''] = unwrapped(text).split(/ ?SQLSTATE: |\n\n== SQL/)
  const missing = missingTables.map((pattern) => pattern.exec(text)?.[1]).find((name) => name !== undefined)
  return {
    message: words.trim() === '' ? text.trim() : words.trim(),
    isMistake: mistakes.test(text) || sqlState?.startsWith('42') === true,
    ...(place === null ? {} : { line: Number(place[1]), column: Number(place[2]) }),
    ...(missing === undefined ? {} : { missingTable: missing }),
  }
}
