import { FailedError, InterruptedError, SmartcarError, UnreachableError, UsageError } from '../../core/errors.js'

interface KafkaProblem {
  readonly name?: string
  readonly message?: string
  /** Name of the broker's error: `UNKNOWN_TOPIC_OR_PARTITION` */
  readonly type?: string
  readonly broker?: string
  readonly cause?: unknown
  readonly originalError?: unknown
  readonly errors?: readonly unknown[]
}

/** The errors inside kafkajs's wrappers (retries exceeded, aggregates), the outermost first. */
function chain(error: unknown): readonly KafkaProblem[] {
  const found: KafkaProblem[] = []
  const visit = (one: unknown) => {
    if (typeof one !== 'object' || one === null || found.includes(one)) return
    const problem = one as KafkaProblem
    found.push(problem)
    visit(problem.cause)
    visit(problem.originalError)
    for (const inner of problem.errors ?? []) visit(inner)
  }
  visit(error)
  return found
}

/** Name of the broker's error behind what kafkajs threw. */
export function brokerErrorType(error: unknown): string | undefined {
  return chain(error).find(({ type }) => type !== undefined)?.type
}

const meanings: readonly [pattern: RegExp, meaning: string][] = [
  [/ECONNREFUSED/, 'nothing listens there'],
  [/ENOTFOUND|EAI_AGAIN/, 'the name is not known'],
  [/timeout/i, 'no answer in time'],
  [/closed|ECONNRESET|EPIPE|Not connected/i, 'the connection was cut'],
]

const brokerErrors: Readonly<Record<string, (what: string) => SmartcarError>> = {
  UNKNOWN_TOPIC_OR_PARTITION: (what) =>
    new FailedError('TOPIC_ABSENT', `${what}: there is no such topic`, { hints: ['smartcar kafka topic list'] }),
  TOPIC_ALREADY_EXISTS: (what) =>
    new FailedError('TOPIC_EXISTS', `${what}: the topic is there already`, {
      hints: ['smartcar kafka topic describe'],
    }),
  INVALID_TOPIC_EXCEPTION: (what) =>
    new UsageError('TOPIC_NAME', `${what}: a topic's name is made of letters, digits, . _ and -, at most 249 of them`),
  INVALID_REPLICATION_FACTOR: (what) =>
    new UsageError('KAFKA_REPLICATION', `${what}: more replicas are asked for than there are brokers`, {
      hints: ['give a smaller --replication'],
    }),
  INVALID_PARTITIONS: (what) => new UsageError('KAFKA_PARTITIONS', `${what}: the number of partitions can only grow`),
  MESSAGE_TOO_LARGE: (what) =>
    new FailedError('KAFKA_TOO_LARGE', `${what}: the broker takes no batch of that size`, {
      hints: ['smartcar kafka topic alter TOPIC --config max.message.bytes=… raises the limit'],
    }),
  TOPIC_AUTHORIZATION_FAILED: (what) => new FailedError('KAFKA_DENIED', `${what}: the broker does not allow it`),
  GROUP_AUTHORIZATION_FAILED: (what) => new FailedError('KAFKA_DENIED', `${what}: the broker does not allow it`),
  UNKNOWN_MEMBER_ID: (what) => groupBusy(what),
  ILLEGAL_GENERATION: (what) => groupBusy(what),
  NON_EMPTY_GROUP: (what) => groupBusy(what),
}

function groupBusy(what: string): SmartcarError {
  return new FailedError('KAFKA_GROUP_BUSY', `${what}: another consumer works in this group`, {
    hints: ['smartcar kafka groups shows who; take another --group, or stop it first'],
  })
}

/** What kafkajs threw, as an error that a reader understands; `what` names the thing, `where` the broker. */
export function kafkaError(error: unknown, what: string, where: string, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return signal.reason instanceof SmartcarError ? signal.reason : new InterruptedError(undefined, { cause: error })
  }
  if (error instanceof SmartcarError) return error
  const problems = chain(error)
  const type = brokerErrorType(error)
  const known = type === undefined ? undefined : brokerErrors[type]?.(what)
  if (known !== undefined) return known
  const text = problems.map(({ message }) => message ?? '').join(' ')
  const lost = problems.some(({ name }) =>
    /Connection|RequestTimeout|BrokerNotFound|LockTimeout|NumberOfRetriesExceeded/.test(name ?? ''),
  )
  const meaning = meanings.find(([pattern]) => pattern.test(text))?.[1]
  if (type === undefined && (lost || meaning !== undefined)) {
    return new UnreachableError('SERVICE_UNREACHABLE', `Kafka at ${where}: ${meaning ?? problems[0]?.message}`, {
      cause: error,
      place: { thing: where },
      hints: ['smartcar cluster status shows whether Kafka runs'],
    })
  }
  if (problems.some(({ name }) => /^KafkaJS/.test(name ?? ''))) {
    const message = problems.find((one) => one.type !== undefined)?.message ?? problems.at(-1)?.message
    return new FailedError('KAFKA_FAILED', `${what}: ${message}`, {
      cause: error,
      ...(type === undefined ? {} : { data: { type } }),
    })
  }
  return error
}
