import path from 'node:path'
import { UsageError } from '../core/errors.js'
import type { Files } from '../core/ports.js'
import { resolveSite, type Site, type SourceText } from '../core/site/resolve.js'

export const siteFileName = 'smartcar.yaml'

/** The nearest `smartcar.yaml` from `folder` upwards. */
async function findUpwards(files: Files, folder: string): Promise<string | undefined> {
  for (let current = folder; ; current = path.dirname(current)) {
    const candidate = path.join(current, siteFileName)
    if ((await files.stat(candidate))?.kind === 'file') return candidate
    if (path.dirname(current) === current) return undefined
  }
}

async function source(files: Files, file: string | undefined): Promise<SourceText | undefined> {
  if (file === undefined) return undefined
  const text = await files.readText(file)
  return text === undefined ? undefined : { path: file, text }
}

function userConfigFile(environment: NodeJS.ProcessEnv): string | undefined {
  const home = environment.HOME ?? environment.USERPROFILE
  const base = environment.XDG_CONFIG_HOME || (home === undefined ? undefined : path.join(home, '.config'))
  return base === undefined ? undefined : path.join(base, 'smartcar', 'config.yaml')
}

/**
 * Finds and resolves the site. `given` is `--site` or SMARTCAR_SITE: a site file, a folder with one, or, where the
 * folder has none, the data folder itself. Without it: `smartcar.yaml` upwards from the working folder, else defaults.
 */
export async function loadSite(
  files: Files,
  options: { readonly given?: string; readonly environment: NodeJS.ProcessEnv; readonly workingFolder: string },
): Promise<Site> {
  let siteFile: string | undefined
  let dataFolder: string | undefined
  if (options.given === undefined) {
    siteFile = await findUpwards(files, options.workingFolder)
  } else {
    const given = path.resolve(options.workingFolder, options.given)
    const info = await files.stat(given)
    if (info?.kind === 'file') siteFile = given
    else if (info === undefined && /\.ya?ml$/.test(given)) {
      throw new UsageError('SITE_FILE_ABSENT', `the site file ${given} does not exist`, {
        hints: [`smartcar init ${path.dirname(given)} writes one`],
      })
    } else if ((await files.stat(path.join(given, siteFileName)))?.kind === 'file')
      siteFile = path.join(given, siteFileName)
    else dataFolder = given
  }
  const userFile = await source(files, userConfigFile(options.environment))
  const siteText = await source(files, siteFile)
  return resolveSite({
    environment: options.environment,
    workingFolder: options.workingFolder,
    ...(siteText === undefined ? {} : { siteFile: siteText }),
    ...(userFile === undefined ? {} : { userFile }),
    ...(dataFolder === undefined ? {} : { dataFolder }),
  })
}
