/** Runs at most `count` of the works given to it at a time, in the order in which they came. */
export function limiter(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}

/**
 * `Promise.all` over a list that may be long: at most `count` at a time. After an error nothing more is started, and it
 * is thrown when everything that was running has ended: what they all use can then be closed.
 */
export async function mapLimited<A, B>(
  count: number,
  items: readonly A[],
  work: (item: A) => Promise<B>,
): Promise<B[]> {
  const limited = limiter(count)
  const errors: unknown[] = []
  const results = await Promise.all(
    items.map((item) =>
      limited(async (): Promise<B[]> => {
        if (errors.length > 0) return []
        try {
          return [await work(item)]
        } catch (error) {
          errors.push(error)
          return []
        }
      }),
    ),
  )
  if (errors.length > 0) throw errors[0]
  return results.flat()
}
