/** Where tables stand in the lineage drawing: layers from left to right, few crossings. Pure geometry. */

export interface LineageNode {
  readonly name: string
  readonly kind: string
  readonly reads: readonly string[]
}

export interface PlacedNode extends LineageNode {
  /** Left upper corner, pixels. */
  readonly x: number
  readonly y: number
}

export interface PlacedEdge {
  readonly from: string
  readonly to: string
  /** SVG path data. */
  readonly path: string
}

export interface Lineage {
  readonly nodes: readonly PlacedNode[]
  readonly edges: readonly PlacedEdge[]
  readonly width: number
  readonly height: number
}

export const nodeWidth = 172
export const nodeHeight = 46
const gapX = 46
const gapY = 14

/** A table, or the place where a line crosses a layer on its way to a later one. */
interface Slot {
  readonly id: string
  readonly node?: LineageNode
  readonly height: number
  readonly before: string[]
  readonly after: string[]
}

/** Longest way from a table that reads nothing; nodes come in an order in which reads stand first. */
function layersOf(nodes: readonly LineageNode[]): Map<string, number> {
  const layers = new Map<string, number>()
  for (const node of nodes) layers.set(node.name, Math.max(0, ...node.reads.map((read) => (layers.get(read) ?? 0) + 1)))
  return layers
}

interface Drawing {
  readonly layers: Slot[][]
  readonly slots: ReadonlyMap<string, Slot>
  /** For every line the slots that it goes through, from the table that is read to its reader. */
  readonly lines: readonly (readonly string[])[]
}

function slotsOf(nodes: readonly LineageNode[]): Drawing {
  const layerOf = layersOf(nodes)
  const layers: Slot[][] = Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => [])
  const slots = new Map<string, Slot>()
  const add = (layer: number, slot: Slot) => {
    layers[layer]?.push(slot)
    slots.set(slot.id, slot)
  }
  for (const node of nodes) {
    add(layerOf.get(node.name) ?? 0, { id: node.name, node, height: nodeHeight, before: [], after: [] })
  }
  const lines = nodes.flatMap((node) =>
    node.reads.flatMap((read): string[][] => {
      const [first, last] = [layerOf.get(read), layerOf.get(node.name) ?? 0]
      if (first === undefined) return []
      const way = [read]
      for (let layer = first + 1; layer < last; layer++) {
        const id = `${read} ${node.name} ${layer}`
        add(layer, { id, height: 10, before: [], after: [] })
        way.push(id)
      }
      return [[...way, node.name]]
    }),
  )
  for (const way of lines) {
    for (const [index, id] of way.entries()) {
      const [before, after] = [way[index - 1], way[index + 1]]
      if (before !== undefined) slots.get(id)?.before.push(before)
      if (after !== undefined) slots.get(id)?.after.push(after)
    }
  }
  return { layers, slots, lines }
}

const average = (values: readonly number[], otherwise: number): number =>
  values.length === 0 ? otherwise : values.reduce((sum, value) => sum + value, 0) / values.length

/** Sorts every layer by where its neighbours stand, a few times to and fro (the barycentre method). */
function sortLayers({ layers }: Drawing): void {
  const place = new Map<string, number>()
  const number = (layer: readonly Slot[]) => {
    for (const [index, slot] of layer.entries()) place.set(slot.id, index - layer.length / 2)
  }
  for (const layer of layers) number(layer)
  for (let sweep = 0; sweep < 8; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const wanted = new Map(
        layer.map((slot) => {
          const around = [...slot.before, ...slot.after].map((id) => place.get(id) ?? 0)
          // Tables without neighbours stand below the others, out of the way.
          return [slot.id, average(around, Number.MAX_SAFE_INTEGER)]
        }),
      )
      layer.sort((a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0))
      number(layer)
    }
  }
}

/**
 * Lays tables out in layers from what is read to its readers. `nodes` must be in an order in which what is read stands
 * before its reader.
 */
export function layOut(nodes: readonly LineageNode[]): Lineage {
  const drawing = slotsOf(nodes)
  sortLayers(drawing)
  const tall = (layer: readonly Slot[]) => layer.reduce((sum, slot) => sum + slot.height + gapY, -gapY)
  const height = Math.max(nodeHeight, ...drawing.layers.map(tall))
  const at = new Map<string, { readonly x: number; readonly y: number; readonly middle: number }>()
  for (const [column, layer] of drawing.layers.entries()) {
    let y = (height - tall(layer)) / 2
    for (const slot of layer) {
      at.set(slot.id, { x: column * (nodeWidth + gapX), y, middle: y + slot.height / 2 })
      y += slot.height + gapY
    }
  }
  const placed = nodes.map(
    (node): PlacedNode => ({ ...node, x: at.get(node.name)?.x ?? 0, y: at.get(node.name)?.y ?? 0 }),
  )
  const edges = drawing.lines.map((way): PlacedEdge => {
    const points = way.flatMap((id) => at.get(id) ?? [])
    return { from: way[0] ?? '', to: way.at(-1) ?? '', path: pathThrough(points) }
  })
  return { nodes: placed, edges, width: drawing.layers.length * (nodeWidth + gapX) - gapX, height }
}

/** From the right side of the first slot to the left side of the last, straight across those between. */
function pathThrough(points: readonly { readonly x: number; readonly middle: number }[]): string {
  let path = ''
  for (const [index, point] of points.entries()) {
    const next = points[index + 1]
    if (next === undefined) break
    const [x1, x2] = [point.x + nodeWidth, next.x]
    const bend = (x2 - x1) / 2
    path += `${index === 0 ? 'M' : 'L'}${x1} ${point.middle}C${x1 + bend} ${point.middle} ${x2 - bend} ${next.middle} ${x2} ${next.middle}`
  }
  return path
}
