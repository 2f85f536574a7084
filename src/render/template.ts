import { Eta } from 'eta'
import { BugError } from '../core/errors.js'

const eta = new Eta({ autoEscape: false, autoTrim: false })

/** Eta prints the word `undefined` for a value that is missing; a wrong configuration is worse than no configuration. */
function strict<T extends object>(data: T): T {
  return new Proxy(data, {
    get(target, key, receiver) {
      if (typeof key === 'string' && !(key in target)) throw new BugError(`the template value "${key}" is not set`)
      const value: unknown = Reflect.get(target, key, receiver)
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? strict(value) : value
    },
  })
}

/** Renders an Eta template; throws BugError when it asks for a value that `data` does not have. Nothing is escaped. */
export function renderTemplate(template: string, data: Readonly<Record<string, unknown>>): string {
  return eta.renderString(template, strict(data))
}
