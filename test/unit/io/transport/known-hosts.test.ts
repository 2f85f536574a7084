import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import {
  fingerprint,
  judgeHostKey,
  keyType,
  knownHostName,
  parseKnownHosts,
  patternsMatch,
  preferredAlgorithms,
} from '../../../../src/io/transport/known-hosts.js'
import { makeKey } from '../../../support/ssh-server.js'

const keygen = 'ssh-keygen'
const folder = mkdtempSync(path.join(os.tmpdir(), 'smartcar-known-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const blob = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64')
const one = makeKey()
const two = makeKey('rsa')
const entries = (text: string) => parseKnownHosts(text, 'known_hosts')
const judge = (key: string, name: string, text: string) => judgeHostKey(blob(key), name, entries(text)).verdict

it('knows, does not know, finds changed and revoked keys', () => {
  const text = `# comment\n\nserver01,10.0.0.1 ${one.public} somebody\n*.lan,!bad.lan ${one.public}\n@revoked * ${two.public}\n@cert-authority * ${two.public}\nbroken line\n`
  expect(judge(one.public, 'server01', text)).toBe('known')
  expect(judge(one.public, 'SERVER01', text)).toBe('known')
  expect(judge(one.public, '10.0.0.1', text)).toBe('known')
  expect(judge(one.public, 'x.lan', text)).toBe('known')
  expect(judge(one.public, 'bad.lan', text)).toBe('authority')
  expect(judge(one.public, 'server02', text)).toBe('authority')
  expect(judge(one.public, 'server02', text.replace('@cert-authority *', '@cert-authority *.lan'))).toBe('unknown')
  expect(judge(makeKey().public, 'server01', text)).toBe('changed')
  expect(judge(two.public, 'server01', text)).toBe('revoked')
  expect(judge(two.public, 'anything', text)).toBe('revoked')
})

it('keeps ports apart', () => {
  const text = `[server01]:2222 ${one.public}\nserver02 ${one.public}\n`
  expect(judge(one.public, knownHostName('server01', 2222), text)).toBe('known')
  expect(judge(one.public, knownHostName('server01', 22), text)).toBe('unknown')
  expect(judge(one.public, knownHostName('server02', 2222), text)).toBe('unknown')
})

it('reads names that ssh-keygen hashed, and agrees with it on fingerprints', () => {
  const file = path.join(folder, 'hashed')
  writeFileSync(file, `server01 ${one.public}\n[server02]:2200 ${two.public}\n`)
  execFileSync(keygen, ['-H', '-f', file], { stdio: 'ignore' })
  const text = readFileSync(file, 'utf8')
  expect(text).not.toContain('server01')
  expect(judge(one.public, 'server01', text)).toBe('known')
  expect(judge(two.public, '[server02]:2200', text)).toBe('known')
  expect(judge(two.public, 'server03', text)).toBe('unknown')
  const key = path.join(folder, 'key.pub')
  writeFileSync(key, `${one.public}\n`)
  expect(execFileSync(keygen, ['-lf', key], { encoding: 'utf8' })).toContain(fingerprint(blob(one.public)))
  expect(keyType(blob(two.public))).toBe('ssh-rsa')
})

it('asks first for the kinds of key that are on file', () => {
  const rsa = entries(`server01 ${two.public}\n`)
  expect(preferredAlgorithms('server01', rsa).slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'])
  expect(preferredAlgorithms('server02', rsa)[0]).toBe('ssh-ed25519')
})

it('takes a pattern literally apart from * and ?', () => {
  expect(patternsMatch('a.c', 'abc')).toBe(false)
  expect(patternsMatch('server0?', 'server01')).toBe(true)
  expect(patternsMatch('(a+)+$', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')).toBe(false)
})
