/** The families of systems that steps know how to change; `el` stands for CentOS and what is built like it. */
export const systemFamilies = ['el6', 'el7', 'debian'] as const
export type SystemFamily = (typeof systemFamilies)[number]

/** el6 has SysV init scripts, the others systemd. */
export function hasSystemd(family: SystemFamily): boolean {
  return family !== 'el6'
}
