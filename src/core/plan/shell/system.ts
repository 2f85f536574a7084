/** The families of systems that steps know how to change; `el` stands for CentOS and what is built like it. */
export type SystemFamily = 'el6' | 'el7' | 'debian'

/** el6 has SysV init scripts, the others systemd. */
export function hasSystemd(family: SystemFamily): boolean {
  return family !== 'el6'
}
