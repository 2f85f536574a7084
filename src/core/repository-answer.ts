/** How a package repository answered: an HTTP status, or 0 and curl's exit code (see curl(1)). */
export interface RepositoryAnswer {
  readonly status: number
  readonly exit: number
  readonly url: string
}

export interface AnswerMeaning {
  readonly evidence: string
  readonly cause: string
  /** One thing to do about it. */
  readonly remedy: string
  /** Steps that mend it on a host. */
  readonly fix?: readonly string[]
}

/** Who asked: a host of the site, or the machine that smartcar runs on. */
export type Asker = 'host' | 'machine'

/** What the answer of a repository means; undefined: it is fine. */
export function explainAnswer(answer: RepositoryAnswer, asker: Asker = 'host'): AnswerMeaning | undefined {
  const { status, exit, url } = answer
  if (status >= 200 && status < 300) return undefined
  const cloudera = /cloudera\.com/.test(url)
  const centos = /(mirror|mirrorlist)\.centos\.org/.test(url)
  const evidence = status === 0 ? `${url}: no answer (curl ${exit})` : `${url}: ${status}`
  if (cloudera && [401, 403, 404].includes(status)) {
    return {
      evidence,
      cause:
        status === 404
          ? "Cloudera removed the free repositories in 2021; what was archive.cloudera.com/cm5 is only below /p/, with a subscription's credentials"
          : "Cloudera's repositories ask for a subscription since 2021, and these credentials are missing or not accepted",
      remedy:
        'give the URL below /p/ with user and password_file, or a mirror, in provision.repositories.extra; without either use the apache profile',
    }
  }
  if (centos) {
    return {
      evidence,
      cause: 'the mirrors of CentOS 6 and 7 were turned off at the end of their life',
      remedy:
        'smartcar provision --only base-repository takes them from the vault, or from provision.repositories.base',
      fix: ['base-repository'],
    }
  }
  const from = `from this ${asker}`
  if (status === 0) {
    const names: Readonly<Record<number, string>> = {
      6: `its name cannot be resolved ${from}`,
      7: 'nothing listens there, or a firewall refuses',
      28: 'it does not answer in time',
      35:
        asker === 'host'
          ? 'TLS fails: the TLS of CentOS 6 is too old for most https servers'
          : 'TLS fails: the two ends agree on no version or cipher',
      60: `its certificate is not trusted by this ${asker}`,
    }
    return {
      evidence,
      cause: names[exit] ?? `it cannot be reached ${from}`,
      remedy:
        asker === 'host'
          ? 'check DNS, firewall and proxy (provision.proxy), or use a mirror or smartcar bundle'
          : 'check DNS, firewall and proxy (HTTP_PROXY, HTTPS_PROXY) of this machine, or use a mirror',
    }
  }
  if (status === 401 || status === 403)
    return {
      evidence,
      cause: `the repository refuses this ${asker} or its credentials`,
      remedy: 'check user and password_file in provision.repositories.extra',
    }
  if (status >= 500)
    return { evidence, cause: 'the repository has a failure of its own', remedy: 'try again later, or use a mirror' }
  return {
    evidence,
    cause: 'the repository is not at this URL any more',
    remedy:
      asker === 'host'
        ? 'correct its URL in provision.repositories, or disable it on the host'
        : 'correct its URL in provision.repositories',
  }
}
