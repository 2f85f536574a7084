/**
 * Dependencies go one way: commands -> cli -> { services, engines, marts, rules, simulator, logs, bundles, jobs } -> { core, render };
 * io -> core; only cli/context creates io. See docs/architecture.md.
 */
const layer = (name) => `^src/${name}/`
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'src-never-imports-commands', severity: 'error', from: { path: '^src' }, to: { path: '^commands' } },
    {
      name: 'core-imports-only-core',
      severity: 'error',
      from: { path: layer('core') },
      to: { path: '^src/(?!core/)' },
    },
    {
      name: 'core-and-render-touch-no-world',
      comment: 'node:path, node:crypto and node:zlib compute; everything else in Node reaches the world',
      severity: 'error',
      from: { path: '^src/(core|render)/' },
      to: {
        dependencyTypes: ['core'],
        pathNot: '^(node:)?(path|crypto|zlib|util|string_decoder|buffer|stream)',
      },
    },
    {
      name: 'render-imports-only-core',
      severity: 'error',
      from: { path: layer('render') },
      to: { path: '^src/(?!core/|render/)' },
    },
    {
      name: 'io-imports-only-core',
      severity: 'error',
      from: { path: layer('io') },
      to: { path: '^src/(?!core/|io/)' },
    },
    {
      name: 'only-the-context-creates-io',
      severity: 'error',
      from: { path: '^(src|commands)/', pathNot: ['^src/cli/context\\.ts$', '^src/io/'] },
      to: { path: layer('io') },
    },
    {
      name: 'the-middle-never-imports-cli',
      severity: 'error',
      from: { path: '^src/(services|engines|marts|rules|simulator|logs|bundles|jobs|distributions)/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'a-service-never-imports-another',
      severity: 'error',
      from: { path: '^src/services/([^/]+)/' },
      to: { path: '^src/services/', pathNot: ['^src/services/$1/', '^src/services/registry\\.ts$'] },
    },
    {
      name: 'marts-know-no-engine',
      severity: 'error',
      from: { path: layer('marts') },
      to: { path: '^src/(engines|services|jobs)/' },
    },
    {
      name: 'logs-bundles-rules-and-simulator-know-no-job',
      severity: 'error',
      from: { path: '^src/(logs|bundles|rules|simulator)/' },
      to: { path: '^src/(engines|services|jobs)/' },
    },
    {
      name: 'files-and-processes-only-in-io',
      comment: 'the rest receives the ports of src/core/ports.ts',
      severity: 'error',
      from: { path: '^(src|commands)/', pathNot: '^src/(io|workers)/' },
      to: { path: '^(node:)?(fs|fs/promises|child_process|net|http|https|worker_threads)$' },
    },
    {
      name: 'not-to-unlisted',
      severity: 'error',
      from: { path: '^(src|commands|bin)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules)' },
  },
}
