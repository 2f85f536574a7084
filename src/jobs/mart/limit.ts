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

/** `Promise.all` over a list that may be long: at most `count` at a time. */
export function mapLimited<A, B>(count: number, items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const limited = limiter(count)
  return Promise.all(items.map((item) => limited(() => work(item))))
}
