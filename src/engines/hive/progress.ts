/** The engine's log of one statement, as lines for people. Pure. */

/** Lines about the statement itself, which the reader knows, and of the session's housekeeping. */
const noise =
  /^(Compiling command|Completed (compiling|executing) command|Semantic Analysis|Created Hive schema|Returning Hive schema|Concurrency mode|Executing command|Operation \w+ obtained|OK$|Subscribed to counters|Tez session hasn't been created|Starting task|Query ID|Cached DAG|PREHOOK|POSTHOOK)/

/**
 * The words of a line without its level, undefined for what tells nothing. A statement of several lines stands in the
 * log line by line: only lines with a level count.
 */
export function progressLine(line: string): string | undefined {
  const [, words] = /^(?:INFO|WARN|ERROR) +: (.*)$/s.exec(line) ?? []
  const text = words?.trim()
  return text === undefined || text === '' || /^-+$/.test(text) || noise.test(text) ? undefined : text
}
