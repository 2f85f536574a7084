import { readFile } from 'node:fs/promises'
import { FailedError, systemCode } from '../../core/errors.js'
import type { SecretSource } from '../../core/site/hosts.js'

/** Reads a secret where the site says; one newline at the end of a file is not part of it. The value appears in no message. */
export async function readSecret(
  source: SecretSource,
  environment: Readonly<Record<string, string | undefined>>,
  purpose: string,
): Promise<string> {
  if ('env' in source) {
    const value = environment[source.env]
    if (value === undefined || value === '') {
      throw new FailedError('SECRET_ABSENT', `${purpose}: the environment variable ${source.env} is not set`, {
        hints: [`export ${source.env}=…, or name a file in the site file`],
      })
    }
    return value
  }
  try {
    return (await readFile(source.file, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    const code = systemCode(error)
    throw new FailedError('SECRET_ABSENT', `${purpose}: cannot read ${source.file} (${code ?? 'unknown error'})`, {
      place: { file: source.file },
      hints: ['write the secret into this file, readable by you alone (chmod 600)'],
    })
  }
}
