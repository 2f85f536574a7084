import { Listr, type ListrTaskWrapper } from 'listr2'
import type { SmartcarEvent } from '../../core/events.js'
import { progressText, stageEndText } from './lines.js'
import type { Reporter } from './reporter.js'

interface Running {
  readonly title: string
  readonly started: number
  readonly parent: string | undefined
  end(event: Extract<SmartcarEvent, { t: 'stage.end' }>): void
  output(text: string): void
}

const redrawEveryMs = 100

// biome-ignore lint/suspicious/noExplicitAny: listr2's own default for the renderer's type parameters
type Task = ListrTaskWrapper<unknown, any, any>

/**
 * listr2 as one renderer of the events: a stage without a parent is a task, its children are shown as that task's
 * output. Listr owns neither order nor failure, it only draws what happened.
 */
export function terminalReporter(write: (line: string) => void, now: () => number): Reporter {
  const stages = new Map<string, Running>()
  let drawing: Promise<unknown> = Promise.resolve()
  let lastDraw = 0

  const rootOf = (id: string): Running | undefined => {
    let stage = stages.get(id)
    while (stage?.parent !== undefined) stage = stages.get(stage.parent)
    return stage
  }

  const startRoot = (event: Extract<SmartcarEvent, { t: 'stage.start' }>) => {
    let finish: (end: Extract<SmartcarEvent, { t: 'stage.end' }>) => void = () => {}
    const ended = new Promise<Extract<SmartcarEvent, { t: 'stage.end' }>>((resolve) => {
      finish = resolve
    })
    let task: Task | undefined
    let early = ''
    const list = new Listr(
      [
        {
          title: event.title,
          task: async (_, wrapper) => {
            task = wrapper
            if (early !== '') wrapper.output = early
            const end = await ended
            wrapper.title = `${event.title}: ${stageEndText(end)}`
            if (end.outcome === 'skipped') wrapper.skip()
            if (end.outcome === 'failed') throw new Error(`${event.title}: ${stageEndText(end)}`)
          },
        },
      ],
      { exitOnError: false, registerSignalListeners: false, rendererOptions: { showErrorMessage: false } },
    )
    // Listr draws one list at a time: the next begins when the last has ended.
    drawing = drawing.then(() => list.run()).catch(() => {})
    stages.set(event.id, {
      title: event.title,
      started: now(),
      parent: undefined,
      end: finish,
      output: (text) => {
        if (task === undefined) early = text
        else task.output = text
      },
    })
  }

  return {
    on(event) {
      if (event.t === 'note') {
        const running = [...stages.values()].find((stage) => stage.parent === undefined)
        const text = `${event.level === 'warn' ? 'warning: ' : ''}${event.text}`
        if (running === undefined) drawing = drawing.then(() => write(`${text}\n`))
        else running.output(text)
        // A warning must outlive the animation.
        if (running !== undefined && event.level === 'warn') drawing = drawing.then(() => write(`${text}\n`))
      } else if (event.t === 'stage.start') {
        if (event.parent === undefined || !stages.has(event.parent)) startRoot(event)
        else
          stages.set(event.id, {
            title: event.title,
            started: now(),
            parent: event.parent,
            end: () => {},
            output: () => {},
          })
      } else if (event.t === 'stage.progress') {
        const stage = stages.get(event.id)
        if (stage === undefined || now() - lastDraw < redrawEveryMs) return
        lastDraw = now()
        const text = progressText(event, now() - stage.started)
        rootOf(event.id)?.output(stage.parent === undefined ? text : `${stage.title}: ${text}`)
      } else {
        const stage = stages.get(event.id)
        if (stage === undefined) return
        if (stage.parent !== undefined) rootOf(event.id)?.output(`${stage.title}: ${stageEndText(event)}`)
        stages.delete(event.id)
        stage.end(event)
      }
    },
    async close() {
      for (const [id, stage] of stages) {
        stage.end({ t: 'stage.end', id, outcome: 'skipped', summary: 'not finished', ms: now() - stage.started })
      }
      stages.clear()
      await drawing
    },
  }
}
