import { CheckError, type SmartcarError, UsageError } from '../../core/errors.js'
import type { JobContext } from '../../core/ports.js'
import type { Site } from '../../core/site/resolve.js'
import { oldestFlume, parseFlumeVersion, pinnedFlume } from '../../services/flume/components.js'
import type { Finding } from '../../services/flume/findings.js'
import { lintAgentFile } from '../../services/flume/lint.js'
import { flumeConfig } from './config.js'

export interface FlumeCheckInput {
  /** A path, `-` for stdin, undefined for the agents of the site. */
  readonly file?: string
  readonly agent?: string
  /** `1.9`, `1.11.0` */
  readonly version?: string
  readonly stdin: () => AsyncIterable<Uint8Array>
}

export interface FlumeCheckContext extends Pick<JobContext, 'files'> {
  readonly site: Site
}

export interface FlumeCheckResult {
  readonly flumeVersion: string
  readonly files: readonly { readonly file: string; readonly findings: readonly Finding[] }[]
  readonly errors: number
  readonly warnings: number
  readonly infos: number
}

/** An agent file of a hundred components is some 50 kB. */
const largestFile = 4 * 1024 * 1024

async function* readFile(file: string, context: FlumeCheckContext): AsyncIterable<Uint8Array> {
  const info = await context.files.stat(file)
  if (info === undefined) throw new UsageError('FILE_ABSENT', `${file} does not exist`, { hints: ['check the path'] })
  if (info.kind === 'directory') {
    throw new UsageError('FILE_INVALID', `${file} is a folder`, { hints: ['give an agent file'] })
  }
  await using reader = await context.files.open(file)
  while (true) {
    const chunk = new Uint8Array(64 * 1024)
    const count = await reader.read(chunk)
    if (count === 0) return
    yield chunk.subarray(0, count)
  }
}

/** All of a file as text, byte order mark included: Java would not take it off either. */
async function agentText(chunks: AsyncIterable<Uint8Array>, name: string): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  let bytes = 0
  const invalid = (cause: unknown) =>
    new UsageError('ENCODING_INVALID', `${name} is not UTF-8`, { cause, hints: ['is it an agent file?'] })
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > largestFile) {
      throw new UsageError('INPUT_TOO_LONG', `${name} is longer than ${largestFile / 1024 / 1024} MiB`, {
        hints: ['is it an agent file?'],
      })
    }
    try {
      text += decoder.decode(chunk, { stream: true })
    } catch (cause) {
      throw invalid(cause)
    }
  }
  try {
    return text + decoder.decode()
  } catch (cause) {
    throw invalid(cause)
  }
}

/** Lints an agent file, or the agents of the site. What it finds is a result; only what cannot be read is thrown. */
export async function checkFlume(input: FlumeCheckInput, context: FlumeCheckContext): Promise<FlumeCheckResult> {
  const version = input.version === undefined ? pinnedFlume : parseFlumeVersion(input.version)
  if (version === undefined) {
    throw new UsageError('FLUME_VERSION_UNKNOWN', `"${input.version}" is no version of Flume that smartcar knows`, {
      hints: [`write it as 1.9 or 1.11.0; known are 1.${oldestFlume} to 1.${pinnedFlume}`],
    })
  }
  const options = { version, ...(input.agent === undefined ? {} : { agent: input.agent }) }
  const files: FlumeCheckResult['files'][number][] = []
  if (input.file === undefined) {
    const config = flumeConfig(context.site)
    const agents = config.files.filter(({ name }) => name === 'agent.conf')
    for (const { host, path, text } of agents) {
      // Two hosts have the file under one path.
      const file = agents.length === 1 ? path : `${host}:${path}`
      files.push({ file, findings: lintAgentFile(text, { agent: config.agent, ...options }) })
    }
  } else {
    const chunks = input.file === '-' ? input.stdin() : readFile(input.file, context)
    const name = input.file === '-' ? '<stdin>' : input.file
    files.push({ file: name, findings: lintAgentFile(await agentText(chunks, name), options) })
  }
  const count = (severity: Finding['severity']) =>
    files.flatMap(({ findings }) => findings).filter((finding) => finding.severity === severity).length
  return {
    flumeVersion: `1.${version}`,
    files,
    errors: count('error'),
    warnings: count('warning'),
    infos: count('info'),
  }
}

/** The error to end with (exit code 5) when there are errors among the findings. */
export function flumeCheckError(result: FlumeCheckResult): SmartcarError | undefined {
  if (result.errors === 0) return undefined
  const files = result.files.filter(({ findings }) => findings.some(({ severity }) => severity === 'error'))
  return new CheckError(
    'FLUME_CHECK_FAILED',
    `${files.map(({ file }) => file).join(', ')}: ${result.errors === 1 ? 'an error' : `${result.errors} errors`}`,
    { data: { ...result } },
  )
}
