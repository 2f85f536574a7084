import { dayFlag, monthFlag } from './flags.js'

/** Which partitions: shared by the commands on marts. A day also selects the month that it lies in, and a month its days. */
export const selectionFlags = {
  day: dayFlag({ exclusive: ['from', 'to', 'month'], description: 'this day' }),
  from: dayFlag({ exclusive: ['month'], description: 'from this day on' }),
  to: dayFlag({ exclusive: ['month'], description: 'up to this day, included' }),
  month: monthFlag({ description: 'this month' }),
}

interface SelectionFlags {
  readonly day?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly month?: string | undefined
}

/** The selection of src/jobs/mart/plan.ts from arguments and flags. */
export function martSelection(marts: readonly string[] | undefined, flags: SelectionFlags) {
  const from = flags.day ?? flags.from
  const to = flags.day ?? flags.to
  return {
    marts: marts ?? [],
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(flags.month === undefined ? {} : { month: flags.month }),
  }
}
