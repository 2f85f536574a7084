import { describe, expect, it } from 'vitest'
import { isServiceRole, serviceOfRole } from '../../../../src/core/cluster/catalog.js'
import { type HostView, hostView } from '../../../../src/core/cluster/service.js'
import { launchScript } from '../../../../src/distributions/apache/launch-script.js'
import { stepIds } from '../../../../src/distributions/apache/steps-input.js'
import { apacheCluster, apacheSteps, pilotHosts } from '../../../support/apache-site.js'
import { expectGolden } from '../../../support/golden.js'

const sites = { localhost: '', pilot: pilotHosts } as const

describe.each(Object.entries(sites))('%s', (_, text) => {
  it('has the configuration files and launch scripts of the golden files', async () => {
    const cluster = apacheCluster(text)
    const { definitions, steps } = await apacheSteps(cluster)
    expect(definitions.map(({ name }) => name)).toEqual(cluster.services)
    for (const host of cluster.hosts) {
      const view: HostView = hostView(cluster, host)
      const folder = `test/golden/apache/${host.name}`
      for (const definition of definitions) {
        if (!steps.some(({ id }) => id === stepIds.config(definition.name, host.name))) continue
        for (const [file, content] of Object.entries(definition.files(view)))
          expectGolden(`${folder}/conf/${file}`, content)
      }
      for (const role of host.roles.filter(isServiceRole)) {
        const definition = definitions.find(({ name }) => name === serviceOfRole(role))?.roles[role]
        expect(definition, role).toBeDefined()
        if (definition === undefined) continue
        const script = launchScript(
          `${role} on ${host.name}`,
          view.data(role),
          definition.launch(view),
          undefined,
          definition.stopSignal,
        )
        expectGolden(`${folder}/run/${role}.sh`, script)
      }
    }
  })
})
