import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '../../../../src/io/package-root.js'
import { type LintOptions, lintAgentFile } from '../../../../src/services/flume/lint.js'

const corpus = (name: string, options?: LintOptions) =>
  lintAgentFile(readFileSync(path.join(packageRoot(), 'test/fixtures/flume/corpus', name), 'utf8'), options).map(
    ({ line, column, severity, rule }) => `${line}:${column} ${severity} ${rule}`,
  )

it('finds nothing in two tiers with a sink group and a selector', () => {
  expect(corpus('clean-multi-tier.conf')).toEqual([])
  expect(corpus('clean-multi-tier.conf', { agent: 'edge', version: 7 })).toEqual([])
})

it('finds every slip in a copy of the pilot’s agent', () => {
  expect(corpus('pilot-with-slips.conf')).toMatchInlineSnapshot(`
    [
      "1:51 error list-separator",
      "8:61 error batch-size",
      "11:1 error not-listed",
      "14:89 error backslash",
      "15:1 error channel-property",
      "17:1 info memory-channel",
      "19:1 error property-unknown",
      "24:61 error batch-size",
      "25:66 error trailing-comment",
      "27:60 error value",
      "32:59 info exec-tail",
      "33:59 error value",
      "34:60 error channel-unknown",
      "36:1 error channel-unused",
      "36:1 info memory-channel",
      "37:58 error capacity",
      "40:1 error channel-missing",
      "41:1 warning property-renamed",
      "42:1 warning property-renamed",
      "42:83 error brokers",
      "42:84 error brokers",
      "43:1 warning property-renamed",
      "44:1 warning property-renamed",
      "45:1 error agent-name",
    ]
  `)
})

it('judges old Kafka names by the version', () => {
  expect(corpus('flume-1.6-kafka.conf', { version: 6 })).toMatchInlineSnapshot(`
    [
      "11:1 info memory-channel",
    ]
  `)
  expect(corpus('flume-1.6-kafka.conf')).toMatchInlineSnapshot(`
    [
      "7:1 warning property-renamed",
      "8:1 warning property-renamed",
      "11:1 info memory-channel",
      "15:1 warning property-renamed",
      "16:1 warning property-renamed",
    ]
  `)
})

it('ends in good time and without a crash for any bytes', () => {
  const text = readFileSync(path.join(packageRoot(), 'test/fixtures/flume/corpus/pilot-with-slips.conf'), 'utf8')
  // Every third character cut out, doubled or turned into another: the same places on every run.
  for (let at = 0; at < text.length; at += 97) {
    for (const changed of [
      text.slice(0, at),
      text.slice(0, at) + text.slice(at + 3),
      `${text.slice(0, at)}\\${text.slice(at)}`,
    ]) {
      for (const { line, column } of lintAgentFile(changed)) {
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
      }
    }
  }
})
