import { z } from 'zod'

const accountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a Unix account name: lower-case letters, digits, - and _')
const absolutePath = z.string().regex(/^\/[^\s'"]*$/, 'must be an absolute path without blanks')
const repositoryUrl = z
  .string()
  .regex(/^(https?|ftp|file):\/\/\S+$/, 'must be a URL')
  .refine((url) => !/^[a-z]+:\/\/[^/@]*@/.test(url), 'must not hold credentials: use user and password_file')
const packageName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._:-]*$/, 'must be a package name')

const userSchema = z.strictObject({
  group: accountName.optional().describe('primary group [default: a group of the same name]'),
  groups: z.array(accountName).default([]).describe('further groups'),
  home: absolutePath.optional().describe('[default: /var/lib/<name>]'),
  shell: absolutePath.default('/sbin/nologin').describe('login shell'),
})

const directorySchema = z.strictObject({
  owner: accountName.default('root').describe('account that it belongs to'),
  group: accountName.optional().describe('[default: group of the owner]'),
  mode: z
    .string()
    .regex(/^[0-7]{3,4}$/, 'must be an octal mode such as "755"')
    .default('755')
    .describe('permission bits, in quotes'),
  free: z
    .string()
    .regex(/^\d+(\.\d+)?\s*[MGT]B?$/, 'must be a size such as 10G')
    .default('2G')
    .describe('free space that its file system must have'),
})

const repositorySchema = z
  .strictObject({
    url: repositoryUrl.describe('baseurl of yum; for apt what stands behind deb'),
    suite: z.string().min(1).optional().describe('apt only: suite and components, such as "bookworm main" or "./"'),
    gpg_key: repositoryUrl.optional().describe('URL of the key; without one signatures are not checked'),
    user: z.string().min(1).optional().describe('user name, for a repository that asks for one'),
    password_file: z.string().min(1).optional().describe('file with the password, relative to the site file'),
    password_env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
      .optional()
      .describe('environment variable with the password'),
  })
  .refine((repository) => repository.password_file === undefined || repository.password_env === undefined, {
    message: 'has both password_file and password_env: keep one',
  })

export const provisionSchema = z.strictObject({
  selinux: z
    .enum(['permissive', 'disabled', 'keep'])
    .default('permissive')
    .describe('disabled takes effect with the next boot'),
  firewall: z.enum(['off', 'keep']).default('off').describe('off = iptables, firewalld or ufw stopped for good'),
  huge_pages: z.enum(['never', 'keep']).default('never').describe('transparent huge pages of the kernel'),
  sysctl: z
    .array(z.string().regex(/^[a-z0-9_.-]+=\S+$/, 'must be a kernel parameter and its value, such as vm.swappiness=1'))
    .default([
      'vm.swappiness=1',
      'vm.overcommit_memory=1',
      'net.ipv6.conf.all.disable_ipv6=1',
      'net.ipv6.conf.default.disable_ipv6=1',
      'net.ipv6.conf.lo.disable_ipv6=1',
    ])
    .describe('kernel parameters; what a host does not have is left out'),
  limits: z
    .strictObject({
      nofile: z.int().min(1024).max(1_048_576).default(32_768).describe('open files of one session'),
      nproc: z.int().min(1024).max(1_048_576).default(65_536).describe('processes of one account'),
    })
    .prefault({})
    .describe('limits of every account'),
  services_off: z
    .array(z.string().regex(/^[A-Za-z0-9@._-]+$/, 'must be a service name'))
    .default(['bluetooth', 'cups', 'postfix', 'tuned'])
    .describe('services that only take memory or change kernel settings behind our back'),
  time: z
    .strictObject({
      servers: z
        .array(z.string().regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or an address'))
        .default([])
        .describe('time servers [default: those of the system, and the first host for the others]'),
      max_offset_ms: z
        .int()
        .min(10)
        .max(3_600_000)
        .default(1000)
        .describe('largest difference between the clocks of two hosts, milliseconds'),
    })
    .prefault({})
    .describe('clocks'),
  locale: z
    .string()
    .regex(/^([a-z]{2,3}_[A-Z]{2}|C)\.(UTF-8|utf8)$|^keep$/, 'must be a UTF-8 locale such as en_US.UTF-8, or keep')
    .default('en_US.UTF-8')
    .describe('language of the system'),
  groups: z.array(accountName).default(['hadoop']).describe('groups'),
  users: z
    .record(accountName, userSchema)
    .optional()
    .describe("system accounts [default: those of Hadoop's services, so that they are the same on each host]"),
  directories: z
    .record(
      z
        .string()
        .regex(/^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/, 'must be an absolute path of letters, digits, -, _ and dots'),
      directorySchema,
    )
    .optional()
    .describe('folders for data, with owner and free space [default: /data]'),
  proxy: repositoryUrl.optional().describe('HTTP proxy for package downloads'),
  no_proxy: z.array(z.string().min(1)).default([]).describe('what the proxy is not for, beside the hosts of the site'),
  repositories: z
    .strictObject({
      base: z
        .union([z.enum(['vault', 'keep']), repositoryUrl])
        .default('vault')
        .describe(
          'vault = CentOS 6 and 7 from vault.centos.org, their mirrors are dead; a URL = a mirror with os/, updates/, …',
        ),
      extra: z
        .record(z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be a lower-case name'), repositorySchema)
        .default({})
        .describe('further package repositories'),
    })
    .prefault({})
    .describe('package repositories of the hosts'),
  bundle: z
    .string()
    .min(1)
    .optional()
    .describe(
      'bundle that packages and the software of the services come from instead of repositories, relative to this file; see smartcar bundle',
    ),
  packages: z
    .union([z.literal('default'), z.array(packageName)])
    .default('default')
    .describe('helper packages; default = name cache, DNS tools, psmisc'),
  jdk: z
    .strictObject({
      package: z
        .union([z.enum(['default', 'none']), packageName])
        .default('default')
        .describe('default = java-1.8.0-openjdk-devel on CentOS, default-jdk-headless on Debian; none = leave alone'),
      home: absolutePath.optional().describe('JAVA_HOME [default: found after installing]'),
    })
    .prefault({})
    .describe('Java'),
  reconnect: z
    .int()
    .min(0)
    .max(3600)
    .default(120)
    .describe('seconds to wait for a host that is lost in the middle, or that reboots'),
})

export type ProvisionDefinition = z.infer<typeof provisionSchema>
