import { shellQuote } from '../../transport.js'
import { shellPrelude } from '../batch.js'
import { commandFailed } from '../failure.js'
import type { Change, Finding, ShellCheck, Step, Undo, World } from '../step.js'
import { readBlock, removeBlock, writeBlock } from './managed-block.js'
import { originalsFolder, runScript, type StepHead } from './shell-step.js'

interface FileState {
  readonly text: string
  readonly exists: boolean
}

export interface FileStepDefinition extends StepHead {
  readonly path: string
  /** Pure: what the file should hold, given what it holds (empty when it is not there). Applied twice it changes nothing more. */
  readonly edit: (text: string) => string
  /** What a plan shows as before and after; the whole text when left out. */
  readonly show?: (text: string) => string
  /** A reason why the edit must not be made. */
  readonly refuse?: (text: string) => Extract<Finding, { state: 'blocked' }> | undefined
  /**
   * Pure: the file without what `edit` put there, given also what it held before the first change (empty when it was not
   * there); `original`: the file as it was found is put back.
   */
  readonly revert: ((text: string, original: string) => string) | 'original'
  /** Permission bits that the file must have. */
  readonly mode?: number
  readonly sensitive?: boolean
  /** Script to run after the file was written, in the same round trip. */
  readonly after?: string
}

const octal = (mode: number) => mode.toString(8)

function readSnippet(path: string): string {
  const file = shellQuote(path)
  return `if [ -e ${file} ]; then echo "mode: $(stat -L -c %a ${file})"; cat ${file}; else echo absent; fi`
}

function parseFile(stdout: string): FileState & { readonly mode: number } {
  const head = /^mode: ([0-7]+)\n/.exec(stdout)
  if (head === null) return { text: '', exists: false, mode: 0 }
  return { text: stdout.slice(head[0].length), exists: true, mode: Number.parseInt(head[1] ?? '0', 8) }
}

/** Reads a file of a host; `snippet` prints it. */
async function readHostFile(world: World, host: string, path: string, snippet: string): Promise<string> {
  const output = await world.shell(host, `${shellPrelude}${snippet}`)
  if (output.code !== 0) throw commandFailed(output, `read ${path}`, host)
  return output.stdout
}

/** Prints the kept original, each line behind a bar, and the file as it is; nothing when no original is kept. */
function readBothSnippet(path: string, keptFile: string): string {
  return `if [ -e ${keptFile} ]; then sed 's/^/|/' ${keptFile}; echo; ${readSnippet(path)}; fi`
}

/** What `readBothSnippet` printed. */
function parseBoth(stdout: string): { readonly original: string; readonly now: ReturnType<typeof parseFile> } {
  const lines = stdout.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  // The first line says whether there was a file. An empty line parts the two, unless it ended the original's last one.
  const original = lines.slice(1, end).map((line) => `${line.slice(1)}\n`)
  const rest = lines.slice(lines[end] === '' ? end + 1 : end).join('\n')
  return { original: original.join(''), now: parseFile(rest) }
}

/** The check's marks cost a file without a final newline nothing; with one, `cat` keeps it. */
function sameText(a: string, b: string): boolean {
  return a === b || a === `${b}\n` || `${a}\n` === b
}

function keptName(id: string): string {
  return `file-${id.replace(/^.*\//, '').replace(/@.*$/, '')}`
}

/** A text file of a host, edited by a pure function; written by temporary name and rename, foreign lines stay. */
export function fileStep(definition: FileStepDefinition): Step {
  const { id, host, path, edit, revert } = definition
  const show = definition.show ?? ((text: string) => text)
  const file = shellQuote(path)
  const kept = keptName(id)
  const interpret = ({ stdout }: { readonly stdout: string }): Finding => {
    const found = parseFile(stdout)
    const refused = definition.refuse?.(found.text)
    if (refused !== undefined) return refused
    const wanted = edit(found.text)
    const changes: Change[] = []
    if (found.exists ? !sameText(wanted, found.text) : wanted !== '') {
      changes.push({
        kind: found.exists ? 'update' : 'create',
        summary: found.exists ? `edit ${path}` : `create ${path}`,
        ...(found.exists ? { before: show(found.text) } : {}),
        after: show(wanted),
        ...(definition.sensitive === true ? { sensitive: true } : {}),
      })
    }
    if (found.exists && definition.mode !== undefined && found.mode !== definition.mode) {
      changes.push({
        kind: 'update',
        summary: `set the mode of ${path}`,
        before: octal(found.mode),
        after: octal(definition.mode),
      })
    }
    return changes.length === 0 ? { state: 'ok' } : { state: 'change', changes }
  }
  const check: ShellCheck = { shell: readSnippet(path), interpret }
  const keptFile = shellQuote(`${originalsFolder}/${kept}`)
  const undo: Undo = {
    check: {
      shell: readBothSnippet(path, keptFile),
      interpret: ({ stdout }) => {
        if (stdout === '') return { state: 'ok' }
        const { original, now: found } = parseBoth(stdout)
        return {
          state: 'change',
          changes: [
            {
              kind: 'update',
              summary: revert === 'original' ? `put ${path} back as it was` : `take smartcar's lines out of ${path}`,
              before: show(found.text),
              ...(revert === 'original' ? {} : { after: show(revert(found.text, original)) }),
              ...(definition.sensitive === true ? { sensitive: true } : {}),
            },
          ],
        }
      },
    },
    async apply(world) {
      const script = revert === 'original' ? putBack : await takeOut(world, revert)
      await runScript(world, host, `${script}\n${definition.after ?? ''}\nforget ${kept}`, {
        command: `restore ${path}`,
      })
    },
  }
  const wasAbsent = `[ "$(head -n 1 ${keptFile})" = absent ]`
  const putBack = `if ${wasAbsent}; then rm -f ${file}; else tail -n +2 ${keptFile} | replace ${file}; fi`
  const takeOut = async (world: World, without: (text: string, original: string) => string) => {
    const { original, now: found } = parseBoth(await readHostFile(world, host, path, readBothSnippet(path, keptFile)))
    const text = without(found.text, original)
    if (!found.exists) return ':'
    const put = `printf %s ${shellQuote(text)} | replace ${file}`
    return text.trim() === '' || text === '#!/bin/sh\n' ? `if ${wasAbsent}; then rm -f ${file}; else ${put}; fi` : put
  }
  return {
    id,
    host,
    title: definition.title,
    reason: definition.reason,
    group: definition.group,
    needs: definition.needs ?? [],
    ...(definition.tags === undefined ? {} : { tags: definition.tags }),
    check,
    async apply(world) {
      const found = parseFile(await readHostFile(world, host, path, readSnippet(path)))
      const folder = path.slice(0, path.lastIndexOf('/')) || '/'
      const restricted = definition.mode !== undefined && (definition.mode & 0o077) === 0
      await runScript(
        world,
        host,
        [
          restricted ? 'umask 077' : '',
          `mkdir -p ${shellQuote(folder)}`,
          found.exists ? `{ echo present; cat ${file}; } | keep ${kept}` : `echo absent | keep ${kept}`,
          restricted && !found.exists ? `: >${file}; chmod ${octal(definition.mode ?? 0)} ${file}` : '',
          `printf %s ${shellQuote(edit(found.text))} | replace ${file}`,
          definition.mode === undefined ? '' : `chmod ${octal(definition.mode)} ${file}`,
          definition.after ?? '',
        ].join('\n'),
        { command: `write ${path}` },
      )
    },
    undo,
  }
}

/** A marked block in a text file: `# BEGIN smartcar <name>` … `# END smartcar <name>`. */
export function blockStep(
  definition: StepHead &
    Pick<FileStepDefinition, 'path' | 'mode' | 'after' | 'refuse' | 'show'> & {
      readonly block: string
      readonly body: readonly string[]
      /** Also changes foreign lines, before the block is written; has to be harmless when applied twice. */
      readonly adjust?: (text: string) => string
      /** Puts back what `adjust` changed, given what the file held before the first change. */
      readonly readjust?: (text: string, original: string) => string
    },
): Step {
  const { block, body, adjust, readjust, ...rest } = definition
  return fileStep({
    show: (text) => readBlock(text, block) ?? '',
    ...rest,
    edit: (text) => writeBlock(adjust?.(text) ?? text, block, body),
    revert: (text, original) => {
      const without = removeBlock(text, block)
      return readjust?.(without, original) ?? without
    },
  })
}
