import type { Step } from '../../core/plan/step.js'
import type { HostStepsInput } from './input.js'
import { groups, users } from './steps/accounts.js'
import { bundleSteps } from './steps/bundle.js'
import { directories } from './steps/directories.js'
import { hostname } from './steps/hostname.js'
import { hostsFile } from './steps/hosts-file.js'
import { hugePages, hugePagesAtBoot } from './steps/huge-pages.js'
import { javaHome, jdk } from './steps/jdk.js'
import { limits } from './steps/limits.js'
import { locale, localeAvailable } from './steps/locale.js'
import { nameCache, packages } from './steps/packages.js'
import { packageProxy, shellProxy } from './steps/proxy.js'
import { baseRepository, extraRepositories } from './steps/repositories.js'
import { selinux } from './steps/selinux.js'
import { firewall, unneededServices } from './steps/services-off.js'
import { sysctl, sysctlAtBoot } from './steps/sysctl.js'
import { timeSteps } from './steps/time.js'

/** Everything that makes a bare host ready for a distribution, in the order in which a reader expects it. */
export function hostSteps(input: HostStepsInput): readonly Step[] {
  const steps: readonly (Step | undefined)[] = [
    hostname(input),
    hostsFile(input),
    selinux(input),
    firewall(input),
    hugePages(input),
    hugePagesAtBoot(input),
    sysctl(input),
    sysctlAtBoot(input),
    limits(input),
    packageProxy(input),
    shellProxy(input),
    ...bundleSteps(input),
    baseRepository(input),
    ...extraRepositories(input),
    packages(input),
    nameCache(input),
    unneededServices(input),
    localeAvailable(input),
    locale(input),
    ...timeSteps(input),
    groups(input),
    users(input),
    ...directories(input),
    jdk(input),
    javaHome(input),
  ]
  return steps.filter((step) => step !== undefined)
}
