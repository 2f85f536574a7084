/** How long output may follow the end of a command whose background children hold its streams. */
const lingerMs = 2000

/**
 * Whichever comes first: the streams' end (`closed`), or two quiet seconds after the command's own end, since what it
 * left in the background may hold the streams for ever.
 */
export function ending(giveUp: () => void): {
  exited(code: number | null, signal: string | undefined): void
  closed(): void
  sawOutput(): void
  onEnd(listener: (code: number | null, signal: string | undefined) => void): void
} {
  let code: number | null = null
  let signal: string | undefined
  let over = false
  let listener: ((code: number | null, signal: string | undefined) => void) | undefined
  let timer: NodeJS.Timeout | undefined
  const closed = () => {
    if (over) return
    over = true
    clearTimeout(timer)
    listener?.(code, signal)
  }
  const arm = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      giveUp()
      closed()
    }, lingerMs)
  }
  return {
    exited(exitCode, exitSignal) {
      code = exitCode
      signal = exitSignal
      if (!over) arm()
    },
    closed,
    sawOutput() {
      if (timer !== undefined && !over) arm()
    },
    onEnd(take) {
      listener = take
      if (over) take(code, signal)
    },
  }
}
