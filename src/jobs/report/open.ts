import path from 'node:path'
import type { JobContext } from '../../core/ports.js'

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Shows a file in the reader's own program for it. Where there is none a note says so: the file is written anyway. */
export async function openFile(
  file: string,
  context: Pick<JobContext, 'processes' | 'layout' | 'files' | 'emit'>,
): Promise<void> {
  const [program, ...rest] = openers[process.platform] ?? ['xdg-open']
  try {
    await context.files.mkdir(context.layout.state)
    const logFile = path.join(context.layout.state, 'open.log')
    await context.processes.startDaemon([program, ...rest, file], { logFile })
  } catch {
    context.emit({ t: 'note', level: 'warn', text: `${program} cannot be started: open ${file} yourself` })
  }
}
