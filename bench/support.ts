/** One line of a benchmark: what was done, how fast, and the ratio to a baseline of the same run. */
export interface BenchRow {
  readonly name: string
  readonly rows: number
  /** Processor seconds, or wall seconds where `note` says so. */
  readonly seconds: number
  readonly rowsPerSecond: number
  /** This row's rate over the baseline's (above 1 is faster than the baseline). */
  readonly ratio?: number
  /** Name of the baseline. */
  readonly against?: string
  readonly note?: string
}
