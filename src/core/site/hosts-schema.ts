import { z } from 'zod'
import { roleNames } from '../hosts/roles.js'

const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
const secretFile = z.string().min(1)

const sudoSchema = z.union([
  z.literal(false),
  z
    .strictObject({
      password_file: secretFile.optional().describe('file with the password that sudo asks for'),
      password_env: environmentName.optional().describe('environment variable with that password'),
    })
    .refine((sudo) => sudo.password_file === undefined || sudo.password_env === undefined, {
      message: 'has both password_file and password_env: keep one',
    }),
])

/** How to log in to a host; every field may stand for all hosts (top level) and be overridden by one. */
export const sshSchema = z
  .strictObject({
    user: z.string().min(1).optional().describe('account to log in as [default: root]'),
    port: z.int().min(1).max(65_535).optional().describe('[default: 22]'),
    key_file: z.string().min(1).optional().describe('private key; ~ and paths relative to the site file are followed'),
    key_passphrase_file: secretFile.optional().describe("file with the key's passphrase"),
    key_passphrase_env: environmentName.optional().describe("environment variable with the key's passphrase"),
    password_file: secretFile.optional().describe('file with the password of the account'),
    password_env: environmentName.optional().describe('environment variable with the password of the account'),
    agent: z.boolean().optional().describe('ask the SSH agent of SSH_AUTH_SOCK for keys [default: true when it runs]'),
    sudo: sudoSchema
      .optional()
      .describe('how an account other than root becomes root; false = never [default: sudo without a password]'),
    jump: z
      .string()
      .min(1)
      .optional()
      .describe('go through this host: a host of this site, or user@address:port (several: comma separated)'),
    legacy_ssh: z
      .boolean()
      .optional()
      .describe('also allow the old algorithms that CentOS 6 needs (SHA-1 key exchange, CBC) [default: false]'),
    host_key: z
      .union([
        z.enum(['strict', 'accept-new']),
        z
          .string()
          .regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'must be strict, accept-new, or a fingerprint as ssh-keygen -lf prints'),
      ])
      .optional()
      .describe(
        'strict = in known_hosts; accept-new = record on first use; SHA256:… = this key only [default: strict]',
      ),
    known_hosts: z.string().min(1).optional().describe('known_hosts file to read [default: ~/.ssh/known_hosts]'),
    config: z
      .union([z.boolean(), z.string().min(1)])
      .optional()
      .describe('take what is not said here from ~/.ssh/config (true) or from this file [default: false]'),
    connect_timeout: z.int().min(1).max(600).optional().describe('seconds [default: 15]'),
  })
  .refine((ssh) => ssh.password_file === undefined || ssh.password_env === undefined, {
    message: 'has both password_file and password_env: keep one',
  })
  .refine((ssh) => ssh.key_passphrase_file === undefined || ssh.key_passphrase_env === undefined, {
    message: 'has both key_passphrase_file and key_passphrase_env: keep one',
  })

const hostSchema = z.strictObject({
  address: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'must be an IP address or a host name')
    .describe('IP address or name that this machine and the other hosts reach it by'),
  fqdn: z
    .string()
    .regex(
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
      'must be lower-case labels joined by dots',
    )
    .optional()
    .describe('full name [default: its name here, and the domain]'),
  roles: z
    .array(z.enum(roleNames))
    .optional()
    .describe('what runs on it [default: as the pilot places it: masters on the first host, the rest on the second]'),
  connection: z.enum(['ssh', 'local']).default('ssh').describe('local = this machine itself, without SSH'),
  ssh: sshSchema.optional().describe('what differs from the ssh settings of the site'),
})

export const hostsSchema = z
  .record(z.string().regex(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a short lower-case host name'), hostSchema)
  .default({})
  .describe('the hosts of the site, in the order in which they are started')

export const domainSchema = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    'must be lower-case labels joined by dots',
  )
  .default('hadoop.com')
  .describe('domain of the hosts')

export type SshDefinition = z.infer<typeof sshSchema>
export type HostDefinition = z.infer<typeof hostSchema>
