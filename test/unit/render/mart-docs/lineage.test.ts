import { expect, it } from 'vitest'
import { readsOf } from '../../../../src/core/mart.js'
import { loadTables } from '../../../../src/marts/registry.js'
import { type LineageNode, layOut, nodeHeight, nodeWidth } from '../../../../src/render/mart-docs/lineage.js'

const node = (name: string, ...reads: string[]): LineageNode => ({ name, kind: 'mart', reads })

it('puts readers to the right of what they read, and no table on another', async () => {
  const tables = [...(await loadTables()).values()]
  const drawing = layOut(tables.map((table) => ({ name: table.name, kind: table.kind, reads: readsOf(table) })))
  const at = new Map(drawing.nodes.map((placed) => [placed.name, placed]))
  expect(at.size).toBe(14)
  for (const placed of drawing.nodes) {
    for (const read of placed.reads) expect(placed.x).toBeGreaterThan((at.get(read)?.x ?? 0) + nodeWidth)
    for (const other of drawing.nodes) {
      const apart = other === placed || other.x !== placed.x || Math.abs(other.y - placed.y) >= nodeHeight
      expect(apart, `${placed.name} and ${other.name}`).toBe(true)
    }
    expect(placed.y).toBeGreaterThanOrEqual(0)
    expect(placed.y + nodeHeight).toBeLessThanOrEqual(drawing.height)
    expect(placed.x + nodeWidth).toBeLessThanOrEqual(drawing.width)
  }
  expect(drawing.edges).toHaveLength(tables.reduce((sum, table) => sum + readsOf(table).length, 0))
})

it('leads a long line between the tables of the layers that it crosses', () => {
  const { edges, nodes } = layOut([node('a'), node('b', 'a'), node('c', 'a', 'b')])
  const long = edges.find((edge) => edge.from === 'a' && edge.to === 'c')
  const between = nodes.find((placed) => placed.name === 'b')
  const height = Number(/L[\d.]+ ([\d.]+)/.exec(long?.path ?? '')?.[1])
  expect(height < (between?.y ?? 0) || height > (between?.y ?? 0) + nodeHeight).toBe(true)
})

it('draws nothing for nothing', () => {
  expect(layOut([])).toMatchObject({ nodes: [], edges: [] })
})
