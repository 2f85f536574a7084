import { z } from 'zod'

export const vmSchema = z
  .strictObject({
    box: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, 'must be a Vagrant box as centos/7')
      .default('centos/7')
      .describe('Vagrant box of the hosts'),
    memory: z.int().min(512).max(1_048_576).default(4096).describe('memory of each host, MiB'),
    cpus: z.int().min(1).max(64).default(2).describe('processors of each host'),
  })
  .prefault({})
  .describe('virtual machines that smartcar vm makes for the hosts')

export type VmDefinition = z.infer<typeof vmSchema>
