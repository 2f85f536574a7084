import { createHash } from 'node:crypto'
import path from 'node:path'
import { DownloadError, type DownloadRequest, type Downloads } from '../core/downloads.js'
import { SmartcarError } from '../core/errors.js'
import type { Files } from '../core/ports.js'
import { explainAnswer } from '../core/repository-answer.js'
import type { SourceRepository } from './catalogue.js'

/** A repository that a bundle is made from. */
export interface RepositoryToRead extends SourceRepository {
  /** apt: suite and components, or a folder that ends with a slash. */
  readonly suite?: string
  readonly credentials?: { readonly user: string; readonly password: string }
  /** It may be absent: a mirror need not have all that the vault has. */
  readonly optional?: true
}

/** What reads repositories. */
export interface ReadContext {
  readonly files: Files
  readonly downloads: Downloads
  readonly signal: AbortSignal
  /** Folder for metadata that was fetched. */
  readonly cache: string
  /** Files of the cache that were asked for. */
  readonly used: Set<string>
}

/** A failed download of a repository's file as an error that names the repository, the cause and the cure. */
export function repositoryError(repository: SourceRepository, error: unknown): unknown {
  if (!(error instanceof DownloadError)) return error
  const meaning = explainAnswer(error.failure, 'machine')
  const cause = meaning === undefined ? '' : `: ${meaning.cause}`
  return new SmartcarError(
    error.exit,
    error.code,
    `the package repository ${repository.name}: ${error.message}${cause}`,
    {
      cause: error,
      place: { thing: repository.url },
      hints: meaning === undefined ? error.hints : [meaning.remedy],
      data: { repository: repository.name, ...error.failure },
    },
  )
}

/** Whether the answer says that there is no such file. */
export function isAbsent(error: unknown): boolean {
  return error instanceof DownloadError && (error.failure.status === 404 || error.failure.status === 410)
}

/** Fetches a file of a repository into the cache; returns its path, which keeps the ending of the URL. */
export async function fetchMetadata(
  repository: RepositoryToRead,
  url: string,
  expected: Pick<DownloadRequest, 'size' | 'checksum'>,
  context: ReadContext,
): Promise<string> {
  const key = expected.checksum?.hex ?? createHash('sha256').update(url).digest('hex')
  const target = path.join(context.cache, `${key.slice(0, 40)}-${path.posix.basename(new URL(url).pathname)}`)
  context.used.add(target)
  await context.downloads.download({
    url,
    target,
    ...expected,
    signal: context.signal,
    ...(repository.credentials === undefined ? {} : { credentials: repository.credentials }),
  })
  return target
}
