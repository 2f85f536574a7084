import type { HostName, TwoHosts } from './index.js'

/**
 * Every file of a host below `folder` with checksum, mode and owner, every link, and what the kernel has now; without
 * what sshd and PAM write on every login.
 */
export async function hostFiles(two: TwoHosts, host: HostName, folder = '/'): Promise<readonly string[]> {
  const skip = ['/proc', '/sys', '/dev', '/run', '/var/log'].map((name) => `-path ${name}`).join(' -o ')
  const script = `find ${folder} -xdev \\( ${skip} \\) -prune -o -printf '%p %y %m %u %g %l\\n' | sort
find ${folder} -xdev \\( ${skip} \\) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
cat /proc/sys/vm/swappiness /sys/kernel/mm/*/enabled; hostname; getenforce`
  const { code, stdout, stderr } = await two.exec(host, 'sh', '-c', script)
  if (code !== 0) throw new Error(`files of ${host}: ${stderr}`)
  // SQLite's shared memory, which every reader of the package database maps: no content.
  return stdout.split('\n').filter((line) => !line.endsWith('/rpmdb.sqlite-shm'))
}

/** Lines that only one of the two has. */
export function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  const [old, now] = [new Set(before), new Set(after)]
  return [...before.filter((line) => !now.has(line)), ...after.filter((line) => !old.has(line))]
}
