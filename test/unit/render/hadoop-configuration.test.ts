import { describe, expect, it } from 'vitest'
import { hadoopXml, javaProperties } from '../../../src/render/hadoop-configuration.js'

const body = (text: string) => text.split('\n').slice(1).join('\n')

describe('javaProperties', () => {
  it.each([
    ['a.b', '/data/x', 'a.b=/data/x\n'],
    ['server.1', '10.0.0.1:2888:3888', 'server.1=10.0.0.1:2888:3888\n'],
    ['4lw.commands.whitelist', 'ruok, srvr', '4lw.commands.whitelist=ruok, srvr\n'],
    ['a key:of=all', 'x=y', 'a\\ key\\:of\\=all=x=y\n'],
    ['#no note', '!', '\\#no\\ note=!\n'],
    ['path', 'C:\\data', 'path=C:\\\\data\n'],
    ['two', 'a\nb\tc', 'two=a\\nb\\tc\n'],
    ['blank', ' x ', 'blank=\\ x \n'],
    ['home', '/home/jürgen/자동차', 'home=/home/j\\u00fcrgen/\\uc790\\ub3d9\\ucc28\n'],
    ['on', true, 'on=true\n'],
    ['n', 0, 'n=0\n'],
  ])('%s = %j', (key, value, expected) => {
    expect(body(javaProperties({ [key]: value }))).toBe(expected)
  })
})

describe('hadoopXml', () => {
  it('keeps the order and escapes names and values', () => {
    const text = hadoopXml({ b: '<a & "b">', 'a&b': ' ', n: 1, yes: false })
    expect(
      [...text.matchAll(/<name>(.*)<\/name>\s*<value>(.*)<\/value>/g)].map(([, name, value]) => [name, value]),
    ).toEqual([
      ['b', '&lt;a &amp; "b"&gt;'],
      ['a&amp;b', ' '],
      ['n', '1'],
      ['yes', 'false'],
    ])
    expect(text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n')).toBe(true)
    expect(text.endsWith('</configuration>\n')).toBe(true)
  })
})
