import { fitHost } from '../../../core/hosts/fit.js'
import { parseSystem, systemSnippet } from '../../../core/hosts/system.js'
import { fields } from '../../../core/plan/shell/shell-step.js'
import { shellQuote } from '../../../core/transport.js'
import { bytes } from '../../../render/format.js'
import { type HostCheck, healthy } from '../check.js'

export const system: HostCheck = {
  id: 'system',
  title: 'operating system',
  shell: () => systemSnippet,
  interpret: ({ stdout }) => {
    const { family, title } = parseSystem(stdout)
    if (family !== undefined) return healthy(title)
    return {
      state: 'bad',
      evidence: title,
      cause: 'no step knows this system, and CDH 5 and 6 have no packages for it',
      remedy: 'install CentOS 6.10 or 7.9, or Debian or Ubuntu for the Apache services',
    }
  },
}

export const memory: HostCheck = {
  id: 'memory',
  title: 'memory',
  shell: () => "sed -n 's/^\\(MemTotal\\|MemAvailable\\|SwapTotal\\): *\\([0-9]*\\) kB/\\1: \\2/p' /proc/meminfo",
  interpret: ({ stdout }, { host }) => {
    const found = fields(stdout)
    const total = Number(found.get('MemTotal') ?? 'NaN') * 1024
    if (Number.isNaN(total)) return { state: 'unknown', evidence: '/proc/meminfo says nothing' }
    const { fits, needed, leaveOut } = fitHost(host.name, total, host.roles)
    const evidence = `${bytes(total)}; its ${host.roles.length} roles need ${bytes(needed)} at least`
    if (fits) return healthy(evidence)
    return {
      state: 'warning',
      evidence,
      cause: 'the services that the site places here do not fit together',
      remedy: `give the machine more memory, or leave out ${leaveOut.join(', ')}; smartcar fit has the heaps`,
    }
  },
}

/** Of CDH 6 and of every Apache version that the pilot runs. */
const oldestJava = 8

export const java: HostCheck = {
  id: 'java',
  title: 'JDK',
  shell: ({ site }) =>
    `for j in ${site.services.java_home === undefined ? '' : `${shellQuote(`${site.services.java_home}/bin/java`)} `}/usr/java/default/bin/java "$JAVA_HOME/bin/java" "$(command -v java)"; do [ -x "$j" ] || continue; echo "path: $j"; "$j" -version 2>&1 | head -n 1 | sed "s/^/version: /"; break; done`,
  interpret: ({ stdout }, { site, host }) => {
    const found = fields(stdout)
    const version = found.get('version')
    const seen = `${found.get('path') ?? 'java'}: ${version}`
    // "1.7.0_67" and "17.0.2" are 7 and 17; a version that cannot be read is left to the services.
    const major = Number(/"(?:1\.)?(\d+)/.exec(version ?? '')?.[1] ?? oldestJava)
    if (version !== undefined && major < oldestJava) {
      const linked = seen.startsWith('/usr/java/default/')
      return {
        state: 'bad',
        evidence: seen,
        cause: `CDH 6 and the Apache services need Java ${oldestJava} or newer`,
        remedy: linked
          ? 'name a newer one in provision.jdk.home, then smartcar provision --only java-home'
          : 'smartcar provision --only jdk --only java-home',
        ...(linked ? {} : { fix: ['jdk', 'java-home'] }),
      }
    }
    if (version !== undefined) return healthy(seen)
    if (site.provision.jdk.package === 'none' && site.provision.jdk.home === undefined)
      return { state: 'warning', evidence: 'there is no Java, and provision.jdk.package is none' }
    if (site.profile === 'apache' && host.connection === 'local') {
      return {
        state: 'bad',
        evidence: 'there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH',
        cause: 'no JDK is installed on this machine',
        remedy: 'install a JDK 17, or name its folder with services.java_home in the site file',
      }
    }
    return {
      state: 'bad',
      evidence: 'there is no Java in /usr/java/default or PATH',
      cause: 'the host was not provisioned, or the JDK was removed',
      remedy: 'smartcar provision --only jdk --only java-home',
      fix: ['jdk', 'java-home'],
    }
  },
}

export const selinux: HostCheck = {
  id: 'selinux',
  title: 'SELinux',
  preparation: true,
  shell: () => 'getenforce 2>/dev/null || echo absent',
  interpret: ({ stdout }, { site }) => {
    const mode = stdout.trim()
    if (mode !== 'Enforcing' || site.provision.selinux === 'keep') return healthy(mode)
    return {
      state: 'bad',
      evidence: mode,
      cause: 'it was set back, or the host was not provisioned',
      remedy: 'smartcar provision --only selinux',
      fix: ['selinux'],
    }
  },
}

export const hugePages: HostCheck = {
  id: 'huge-pages',
  title: 'transparent huge pages',
  preparation: true,
  shell: () => 'cat /sys/kernel/mm/*transparent_hugepage/enabled 2>/dev/null',
  interpret: ({ stdout }, { site }) => {
    const values = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => /\[(\w+)\]/.exec(line)?.[1] ?? line.trim())
    const wrong = values.find((value) => value !== 'never')
    if (wrong === undefined || site.provision.huge_pages === 'keep') return healthy(values.join(', ') || 'not there')
    return {
      state: 'bad',
      evidence: wrong,
      cause: 'the setting did not outlive a boot, or tuned changed it back',
      remedy: 'smartcar provision --only huge-pages --only huge-pages-boot --only services-off',
      fix: ['huge-pages', 'huge-pages-boot', 'services-off'],
    }
  },
}
