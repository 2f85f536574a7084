import { rolesOfService, serviceNeeds, serviceTitle } from '../../core/cluster/catalog.js'
import { hostView, type ProductName, type ServiceDefinition, type Setup } from '../../core/cluster/service.js'
import { BugError, UnreachableError } from '../../core/errors.js'
import { changeOrOk, type Finding, type Step, type World } from '../../core/plan/step.js'
import { accountStep, configStep, foldersStep, softwareStep, unitsStep } from './host-steps.js'
import { assertPortsDiffer } from './ports.js'
import type { Product } from './products.js'
import { secretsStep } from './secrets-step.js'
import { initStep, startStep } from './start-step.js'
import { configurationOf, type ServiceStepsInput, stepIds, tags } from './steps-input.js'

/** A gate behind a service's roles: done when the service as a whole serves. */
function servingStep(input: ServiceStepsInput, service: ServiceDefinition, host: string): Step | undefined {
  const { serving } = service
  if (serving === undefined) return undefined
  const ask = async (world: World): Promise<Finding> => {
    try {
      const health = await serving(input.cluster, { ...input.tools, signal: world.signal })
      if (health.state === 'healthy') return { state: 'ok', note: health.summary }
      return { state: 'change', changes: [{ kind: 'run', summary: `wait until it serves: ${health.summary}` }] }
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      return { state: 'change', changes: [{ kind: 'run', summary: 'wait until it serves' }] }
    }
  }
  return {
    id: stepIds.serving(service.name),
    title: `${serviceTitle(service.name)} serves`,
    reason: 'what needs it starts only then',
    group: service.name,
    host,
    needs: rolesOfService(service.name).map(tags.role),
    tags: [tags.service(service.name)],
    check: ask,
    apply: async () => {},
    ready: { timeoutMs: 240_000, probe: ask },
  }
}

function setupStep(input: ServiceStepsInput, service: ServiceDefinition, setup: Setup, host: string): Step {
  const { cluster } = input
  return {
    id: `${service.name}/${setup.name}`,
    title: setup.title,
    reason: setup.reason,
    group: service.name,
    host,
    needs: [
      ...rolesOfService(service.name).map(tags.role),
      ...(service.serving === undefined ? [] : [stepIds.serving(service.name)]),
    ],
    tags: [tags.service(service.name)],
    async check(world) {
      try {
        return changeOrOk(await setup.find(cluster, input.user, { ...input.tools, signal: world.signal }))
      } catch (error) {
        // For a plan, while the service does not run yet.
        if (!(error instanceof UnreachableError)) throw error
        return { state: 'change', changes: [{ kind: 'create', summary: setup.title }] }
      }
    },
    apply: (world) => setup.apply(cluster, input.user, { ...input.tools, signal: world.signal }),
  }
}

/**
 * All steps of the services on all hosts of the cluster. Order comes from needs: folders, software and configuration,
 * then the roles of a service one behind the other, behind the services that it needs.
 */
export function serviceSteps(input: ServiceStepsInput): readonly Step[] {
  const { cluster, definitions } = input
  assertPortsDiffer(cluster)
  const steps: Step[] = []
  for (const host of cluster.hosts) {
    if (host.roles.length === 0) continue
    const services = definitions.filter(({ name }) => rolesOfService(name).some((role) => host.roles.includes(role)))
    const read = new Set(services.flatMap(({ name }) => configurationOf(name)))
    const view = hostView(cluster, host)
    // What a service needs may have nothing to read on hosts without its roles.
    const isConfigured = (definition: ServiceDefinition) =>
      read.has(definition.name) && Object.keys(definition.files(view)).length > 0
    const configured = new Set(definitions.filter(isConfigured).map(({ name }) => name))
    const roles = services.flatMap((service) =>
      rolesOfService(service.name).flatMap((role) => {
        const definition = service.roles[role]
        return definition !== undefined && host.roles.includes(role) ? [{ service, role, definition }] : []
      }),
    )
    const secrets = [...new Set(roles.flatMap(({ definition }) => definition.secrets?.(cluster) ?? []))]
    const products = new Set(roles.flatMap(({ definition }) => definition.products))
    const units = unitsStep(
      input,
      host,
      roles.map(({ role, definition }) => ({ role, stopTimeout: definition.stopTimeout })),
    )
    steps.push(
      ...[accountStep(input, host)].filter((step) => step !== undefined),
      foldersStep(input, host),
      ...(units === undefined ? [] : [units]),
      ...[...products].map((name) => softwareStep(input, host, productOf(input, name))),
      ...definitions.filter(isConfigured).map((definition) => configStep(input, definition, host)),
      ...(secrets.length === 0 ? [] : [secretsStep(input, host, secrets)]),
    )
    for (const { service, role, definition } of roles) {
      const before = rolesOfService(service.name)
      const earlier = before.slice(0, before.indexOf(role)).filter((other) => cluster.hostsOf(other).length > 0)
      const needed = serviceNeeds(service.name).filter((name) => cluster.services.includes(name))
      const base = [
        ...definition.products.map((name) => stepIds.software(name, host.name)),
        ...(units === undefined ? [] : [units.id]),
        ...configurationOf(service.name)
          .filter((name) => configured.has(name))
          .map((name) => stepIds.config(name, host.name)),
        ...(definition.secrets?.(cluster).length ? [stepIds.secrets(host.name)] : []),
      ]
      const init = initStep(input, host, role, definition)
      const start = startStep(input, service, host, role, definition)
      const after = [...needed.map(tags.service), ...earlier.map(tags.role)]
      if (init !== undefined) steps.push({ ...init, needs: base })
      steps.push({ ...start, needs: [...base, ...after, ...(init === undefined ? [] : [init.id])] })
    }
  }
  for (const service of definitions) {
    const [first] = rolesOfService(service.name).flatMap((role) => cluster.hostsOf(role))
    if (first === undefined) continue
    const named = (need: string) => steps.some(({ id, tags: known }) => id === need || known?.includes(need) === true)
    const keep = (step: Step): Step => ({ ...step, needs: step.needs.filter(named) })
    const serving = servingStep(input, service, first.name)
    if (serving !== undefined) steps.push(keep(serving))
    for (const setup of service.setups ?? []) steps.push(keep(setupStep(input, service, setup, first.name)))
  }
  return steps
}

function productOf(input: ServiceStepsInput, name: ProductName): Product {
  const product = input.products.get(name)
  if (product === undefined) throw new BugError(`the product ${name} is not pinned`)
  return product
}
