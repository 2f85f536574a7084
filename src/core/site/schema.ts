import { z } from 'zod'
import { maxCars } from '../cars.js'
import { domainSchema, hostsSchema, sshSchema } from './hosts-schema.js'
import { provisionSchema } from './provision-schema.js'
import { servicesSchema } from './services-schema.js'
import { vmSchema } from './vm-schema.js'

/**
 * The site file. Every field has a default, so that an empty file (and none at all) is a valid embedded site.
 * Descriptions feed the JSON schema that editors read and the comments that `smartcar init` writes.
 */

const exportTarget = z
  .strictObject({
    url: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
      .refine(
        (url) => !/^[a-z]+:\/\/[^/@]*:[^/@]*@/.test(url),
        'must not hold a password: use password_file or password_env',
      )
      .describe('postgres://user@host:5432/database, without a password'),
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]*$/, 'must be a lower-case SQL name')
      .optional()
      .describe('schema of the tables, public by default'),
    password_file: z.string().min(1).optional().describe('file with the password, relative to the site file'),
    password_env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
      .optional()
      .describe('environment variable with the password'),
  })
  .refine((target) => target.password_file === undefined || target.password_env === undefined, {
    message: 'has both password_file and password_env: keep one',
  })

export const siteSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens, starting with a letter')
    .default('smartcar')
    .describe('name of the site, shown in reports and asked for before severe actions'),
  profile: z
    .enum(['embedded', 'apache'])
    .default('embedded')
    .describe('where the site runs: embedded = this machine, npm packages alone; apache = the real services'),
  data: z
    .string()
    .min(1)
    .default('./smartcar-data')
    .describe('folder for lake, warehouse, alerts, exports and reports; relative to this file'),
  locale: z.enum(['ko', 'en']).default('ko').describe('language of simulated master values and of the report'),
  simulate: z
    .strictObject({
      cars: z.int().min(1).max(maxCars).default(20).describe('number of cars'),
      seed: z.int().min(0).max(4_294_967_295).default(1).describe('the same seed gives the same bytes'),
    })
    .prefault({})
    .describe('defaults of smartcar simulate and smartcar pilot'),
  stream: z
    .strictObject({
      rules: z
        .array(z.string().min(1))
        .default([])
        .describe('rule files, or folders of them, beside the built-in speeding rule; relative to this file'),
    })
    .prefault({})
    .describe('real-time rules'),
  export: z
    .strictObject({
      target: z
        .string()
        .min(1)
        .default('auto')
        .describe(
          'where smartcar export writes unless --to says otherwise; auto: the PostgreSQL of a site with that role, else the embedded one',
        ),
      targets: z
        .record(z.string().regex(/^[a-z][a-z0-9_-]*$/, 'must be a lower-case name'), exportTarget)
        .default({})
        .describe('named PostgreSQL databases'),
    })
    .prefault({})
    .describe('where marts are exported to'),
  postgres: z
    .strictObject({
      port: z
        .union([z.literal('auto'), z.int().min(1).max(65_535)])
        .default('auto')
        .describe('port of the embedded PostgreSQL on 127.0.0.1; auto takes a free one and keeps it'),
    })
    .prefault({})
    .describe('the embedded PostgreSQL'),
  domain: domainSchema,
  ssh: sshSchema.prefault({}).describe('how to log in to the hosts, unless a host says otherwise'),
  hosts: hostsSchema,
  vm: vmSchema,
  services: servicesSchema.prefault({}).describe('the services of profile apache'),
  provision: provisionSchema.prefault({}).describe('what smartcar provision makes of the hosts'),
})

export type SiteDefinition = z.infer<typeof siteSchema>

/** JSON schema of the site file, for editors. */
export function siteJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(siteSchema, { io: 'input' })
  return { $schema, title: 'smartcar site file', ...schema }
}
