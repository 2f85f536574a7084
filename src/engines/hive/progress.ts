/** The engine's log and progress of one statement, as lines for people. Pure. */
import type { StatementProgress } from './session.js'

/** Lines about the statement itself, which the reader knows, and of the session's housekeeping. */
const noise =
  /^(Compiling command|Completed (compiling|executing) command|Semantic Analysis|Created Hive schema|Returning Hive schema|Concurrency mode|Executing command|Operation \w+ obtained|OK$|Subscribed to counters|Tez session|Starting task|Query ID|Cached DAG|PREHOOK|POSTHOOK|Total jobs|Launching Job|Dag name|HS2 Host|No Stats for|Set up statistics)/

/**
 * The words of a line without its level, undefined for what tells nothing. A statement of several lines stands in the
 * log line by line: only lines with a level count.
 */
export function progressLine(line: string): string | undefined {
  const [, words] = /^(?:INFO|WARN|ERROR) +: (.*)$/s.exec(line) ?? []
  // Where it runs is of no use: the id of an application that nobody can look at.
  const text = words?.trim().replace(/^(Status: Running) \(.*\)$/, '$1')
  return text === undefined || text === '' || /^-+$/.test(text) || noise.test(text) ? undefined : text
}

/** More parts than these are told by their tasks together. */
const namedParts = 4

/** `Map 1: 3/4, Reducer 2: 0/1`, `7 of 23 tasks done`; undefined as long as nothing has been cut into parts. */
export function partsLine({ parts }: StatementProgress): string | undefined {
  if (parts.length === 0) return undefined
  if (parts.length <= namedParts) return parts.map(({ name, done, total }) => `${name}: ${done}/${total}`).join(', ')
  const sum = (of: 'done' | 'total') => parts.reduce((all, part) => all + part[of], 0)
  return `${sum('done')} of ${sum('total')} tasks done`
}
