import path from 'node:path'
import { type Diagnostic, formatPlace, InvalidError } from '../errors.js'
import { parseYaml, validateYaml } from './document.js'
import { expandPath, resolveHosts, type SiteHost } from './hosts.js'
import { type Provision, resolveProvision } from './provision.js'
import { type SiteDefinition, siteJsonSchema, siteSchema } from './schema.js'

/** A text file as it was read. */
export interface SourceText {
  readonly path: string
  readonly text: string
}

export interface SiteSources {
  /** `smartcar.yaml`, when there is one. */
  readonly siteFile?: SourceText
  /** The user's own configuration (XDG), when there is one. */
  readonly userFile?: SourceText
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Folder that relative paths start from when there is no site file. */
  readonly workingFolder: string
  /** Data folder given by `--site DIR` where DIR has no site file. */
  readonly dataFolder?: string
}

export interface ExportTarget {
  readonly url: string
  readonly schema: string
  /** absolute */
  readonly passwordFile?: string
  readonly passwordEnv?: string
}

/** One effective value and where it comes from, for `smartcar site show`. */
export interface SiteValue {
  readonly key: string
  readonly value: unknown
  readonly from: string
}

/** A validated site with absolute paths; never changes while a command runs. */
export interface Site {
  readonly name: string
  readonly profile: SiteDefinition['profile']
  /** The site file, when there is one. */
  readonly file?: string
  /** Absolute data folder. */
  readonly data: string
  readonly locale: SiteDefinition['locale']
  readonly simulate: Readonly<SiteDefinition['simulate']>
  /** Absolute paths of rule files or folders. */
  readonly stream: { readonly rules: readonly string[] }
  readonly export: { readonly target: string; readonly targets: Readonly<Record<string, ExportTarget>> }
  readonly postgres: Readonly<SiteDefinition['postgres']>
  readonly domain: string
  /** In the order of the site file; empty for a site that runs on this machine alone. */
  readonly hosts: readonly SiteHost[]
  readonly vm: Readonly<SiteDefinition['vm']>
  readonly services: Readonly<SiteDefinition['services']>
  readonly provision: Provision
  readonly values: readonly SiteValue[]
}

type Tree = { [key: string]: unknown }

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

type KeyPath = readonly string[]

/** Every leaf of a tree with the path to it; arrays and empty objects are leaves. */
function leaves(tree: Tree, above: KeyPath = []): [KeyPath, unknown][] {
  return Object.entries(tree).flatMap(([key, value]): [KeyPath, unknown][] => {
    const leaf = [...above, key]
    return isTree(value) && Object.keys(value).length > 0 ? leaves(value, leaf) : [[leaf, value]]
  })
}

/** `simulate.cars`; a key that holds a dot itself stands in quotes: `provision.directories."/data.1".owner`. */
function keyText(path: KeyPath): string {
  return path.map((key) => (key.includes('.') ? JSON.stringify(key) : key)).join('.')
}

function setLeaf(tree: Tree, path: KeyPath, value: unknown): void {
  const [key = '', ...below] = path
  if (below.length === 0) tree[key] = value
  else {
    const next = tree[key]
    const node: Tree = isTree(next) ? next : {}
    tree[key] = node
    setLeaf(node, below, value)
  }
}

/** `simulate.cars` is set by SMARTCAR_SIMULATE_CARS. */
export function environmentName(key: string): string {
  return `SMARTCAR_${key.replaceAll('.', '_').toUpperCase()}`
}

const environmentPaths = leaves(siteSchema.parse({})).flatMap(([path, value]) =>
  typeof value === 'object' ? [] : [path],
)

/** Keys of the site file that an environment variable can set: the single values, not lists or maps. */
export const environmentKeys: readonly string[] = environmentPaths.map(keyText)

function readLayer(source: SourceText, problems: Diagnostic[]): { tree: Tree; from: (path: KeyPath) => string } {
  const parsed = parseYaml(source.text, source.path)
  if (!parsed.ok) {
    problems.push(...parsed.problems)
    return { tree: {}, from: () => source.path }
  }
  const yaml = parsed.value
  const checked = validateYaml(yaml, siteSchema, siteJsonSchema())
  if (!checked.ok) problems.push(...checked.problems)
  return {
    tree: isTree(yaml.value) ? yaml.value : {},
    from: (path) => formatPlace({ ...yaml.keyPlace(path), file: source.path }),
  }
}

function readEnvironment(sources: SiteSources, problems: Diagnostic[]): Tree {
  const tree: Tree = {}
  for (const path of environmentPaths) {
    const name = environmentName(keyText(path))
    const text = sources.environment[name]
    if (text === undefined || text === '') continue
    const one: Tree = {}
    setLeaf(one, path, /^-?\d+$/.test(text) ? Number(text) : text)
    const checked = siteSchema.safeParse(one)
    if (checked.success) setLeaf(tree, path, /^-?\d+$/.test(text) ? Number(text) : text)
    else for (const issue of checked.error.issues) problems.push({ message: issue.message, place: { thing: name } })
  }
  return tree
}

/** A site that runs a PostgreSQL exports to it, unless it says otherwise. */
function exportTarget({ profile, export: { target } }: SiteDefinition, hosts: readonly SiteHost[]): string {
  if (target !== 'auto') return target
  return profile === 'apache' && hosts.some(({ roles }) => roles.includes('postgres')) ? 'postgres' : 'embedded'
}

/**
 * Flags are the caller's; then SMARTCAR_* variables, then the site file, then the user's configuration, then defaults.
 * Throws InvalidError with every problem of every source.
 */
export function resolveSite(sources: SiteSources): Site {
  const problems: Diagnostic[] = []
  const merged: Tree = {}
  const origin = new Map<string, string>()
  const base = sources.siteFile === undefined ? sources.workingFolder : path.dirname(sources.siteFile.path)
  // A path is relative to the file that it stands in.
  const folderOf = new Map<string, string>()
  for (const source of [sources.userFile, sources.siteFile]) {
    if (source === undefined) continue
    const layer = readLayer(source, problems)
    for (const [leaf, value] of leaves(layer.tree)) {
      setLeaf(merged, leaf, value)
      origin.set(keyText(leaf), layer.from(leaf))
      folderOf.set(keyText(leaf), path.dirname(source.path))
    }
  }
  for (const [leaf, value] of leaves(readEnvironment(sources, problems))) {
    const key = keyText(leaf)
    setLeaf(merged, leaf, value)
    origin.set(key, `environment ${environmentName(key)}`)
    folderOf.set(key, sources.workingFolder)
  }
  if (sources.dataFolder !== undefined) {
    setLeaf(merged, ['data'], sources.dataFolder)
    origin.set('data', 'flag --site')
  }
  if (problems.length > 0) {
    const file = sources.siteFile?.path ?? sources.userFile?.path
    throw new InvalidError(
      'SITE_INVALID',
      `${file ?? 'the environment'} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`,
      problems,
      { hints: ['smartcar site schema prints what a site file may hold'] },
    )
  }
  const definition = siteSchema.parse(merged)
  const home = sources.environment.HOME ?? sources.environment.USERPROFILE
  const absolute = (key: string, value: string) => expandPath(folderOf.get(key) ?? base, home, value)
  const withPasswordFile = (name: 'hive' | 'spark') => {
    const service = definition.services[name]
    if (service?.password_file === undefined) return {}
    const file = absolute(`services.${name}.password_file`, service.password_file)
    return { [name]: { ...service, password_file: file } }
  }
  const targets = Object.entries(definition.export.targets).map(([name, target]): [string, ExportTarget] => [
    name,
    {
      url: target.url,
      schema: target.schema ?? 'public',
      ...(target.password_file === undefined
        ? {}
        : { passwordFile: absolute(`export.targets.${name}.password_file`, target.password_file) }),
      ...(target.password_env === undefined ? {} : { passwordEnv: target.password_env }),
    },
  ])
  const hosts = resolveHosts(definition, absolute)
  return Object.freeze({
    name: definition.name,
    profile: definition.profile,
    ...(sources.siteFile === undefined ? {} : { file: sources.siteFile.path }),
    data: absolute('data', definition.data),
    locale: definition.locale,
    simulate: Object.freeze(definition.simulate),
    stream: { rules: definition.stream.rules.map((rule) => absolute('stream.rules', rule)) },
    export: { target: exportTarget(definition, hosts), targets: Object.fromEntries(targets) },
    postgres: Object.freeze(definition.postgres),
    domain: definition.domain,
    hosts,
    vm: Object.freeze(definition.vm),
    services: Object.freeze({
      ...definition.services,
      ...withPasswordFile('hive'),
      ...withPasswordFile('spark'),
      maven: {
        ...definition.services.maven,
        ...(definition.services.maven.settings === undefined
          ? {}
          : { settings: absolute('services.maven.settings', definition.services.maven.settings) }),
      },
    }),
    provision: resolveProvision(definition.provision, absolute),
    values: leaves(definition).map(([leaf, value]) => {
      const key = keyText(leaf)
      return { key, value, from: origin.get(key) ?? 'default' }
    }),
  })
}
