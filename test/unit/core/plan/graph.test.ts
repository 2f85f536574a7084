import { expect, test } from 'vitest'
import { buildGraph, withNeeds } from '../../../../src/core/plan/graph.js'
import { memoryStep } from '../../../support/plan-world.js'

const step = (id: string, needs: string[] = [], more: object = {}) => memoryStep(id, new Set(), { needs, ...more })

test('steps come behind what they need, otherwise in the order given', () => {
  const graph = buildGraph([step('c', ['b']), step('a'), step('b', ['a']), step('d')])
  expect(graph.steps.map(({ id }) => id)).toEqual(['a', 'b', 'd', 'c'])
  expect(graph.dependants.get('a')).toEqual(['b'])
})

test('a tag stands for every step that carries it', () => {
  const graph = buildGraph([
    step('x', ['host:one']),
    step('a', [], { tags: ['host:one'] }),
    step('b', [], { tags: ['host:one'] }),
  ])
  expect(graph.needs.get('x')).toEqual(['a', 'b'])
  expect(graph.steps.at(-1)?.id).toBe('x')
})

test('a circle is refused, with its path', () => {
  expect(() => buildGraph([step('free'), step('a', ['b']), step('b', ['c']), step('c', ['a'])])).toThrow(
    'steps need each other in a circle: a -> b -> c -> a',
  )
})

test('a need that nothing fulfils is refused with the nearest name, unless it is known to be absent', () => {
  const steps = [step('host/selinux@one'), step('b', ['host/selinx@one'])]
  expect(() => buildGraph(steps)).toThrow(/needs host\/selinx@one/)
  expect(buildGraph(steps, (need) => need.endsWith('@one')).needs.get('b')).toEqual(['host/selinx@one'])
})

test('two steps of one name are a bug', () => {
  expect(() => buildGraph([step('a'), step('a')])).toThrow('two steps are called a')
})

test('a selection brings what it needs, but a handler does not bring what triggers it', () => {
  const graph = buildGraph([
    step('a'),
    step('b', ['a']),
    step('other'),
    memoryStep('restart', new Set(), { needs: ['a'], when: { changed: ['other'] } }),
  ])
  expect([...withNeeds(graph, new Set(['b']))].sort()).toEqual(['a', 'b'])
  expect([...withNeeds(graph, new Set(['restart']))].sort()).toEqual(['a', 'restart'])
})
