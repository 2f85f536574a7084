import { chmod, mkdir, mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { JavaLaunch } from '../../../../src/core/cluster/service.js'
import { shellQuote } from '../../../../src/core/transport.js'
import { findJava, javaCommand, launchScript } from '../../../../src/distributions/apache/launch-script.js'
import { localProcesses } from '../../../../src/io/processes.js'

let top = ''
let work = ''
/** The tools that the scripts use, and no Java. */
let tools = ''
beforeEach(async () => {
  top = await mkdtemp(path.join(os.tmpdir(), 'smartcar-launch-'))
  work = path.join(top, `it's "my" $HOME folder`)
  tools = path.join(top, 'tools')
  await mkdir(path.join(work, 'lib'), { recursive: true })
  await mkdir(tools)
  const { stdout } = await localProcesses.run(['sh', '-c', 'command -v readlink'])
  await symlink(stdout.trim(), path.join(tools, 'readlink'))
  // A shell that expands `lib/*` would find these.
  await writeFile(path.join(work, 'lib', 'a.jar'), '')
  await writeFile(path.join(work, 'lib', 'b.jar'), '')
})
afterEach(() => rm(top, { recursive: true, force: true }))

/** A Java that prints who it is, where it is, its environment of the launch and its words. */
async function fakeJava(home: string): Promise<string> {
  await mkdir(path.join(home, 'bin'), { recursive: true })
  const file = path.join(home, 'bin', 'java')
  const me = shellQuote(home)
  await writeFile(
    file,
    `#!/bin/sh\necho "java=" ${me}\necho "home=$JAVA_HOME"\necho "cwd=$(pwd)"\necho "conf=$HADOOP_CONF_DIR"\necho "odd=$ODD"\nfor w; do echo "[$w]"; done\n`,
  )
  await chmod(file, 0o755)
  return home
}

const launch = (): JavaLaunch => ({
  main: 'org.example.Main',
  arguments: ['--file', `${work}/the file.conf`, '$(touch hacked)', '', '*'],
  jvm: [`-Dtmp=${work}/tmp`],
  heap: 77,
  classPath: [work, `${work}/lib/*`],
  environment: { HADOOP_CONF_DIR: `${work}/conf`, ODD: `a'b"c $HOME \`id\`` },
})

async function run(script: string, env: Readonly<Record<string, string>> = {}) {
  const file = path.join(work, 'launch.sh')
  await writeFile(file, script)
  // execa adds to the environment of this process, and this one has a Java: `env -i` leaves nothing of it.
  return localProcesses.run([
    '/usr/bin/env',
    '-i',
    `PATH=${tools}`,
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    '/bin/sh',
    file,
  ])
}

const script = (javaHome?: string) => launchScript('web on one', work, launch(), javaHome)
const defaultJava = await readlink('/usr/java/default').catch(() => undefined)

it('gives every word as it is, whatever is in it', async () => {
  const home = await fakeJava(path.join(top, "java's home"))
  const { code, stdout, stderr } = await run(script(home))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.split('\n')).toEqual([
    `java= ${home}`,
    `home=${home}`,
    `cwd=${work}`,
    `conf=${work}/conf`,
    `odd=a'b"c $HOME \`id\``,
    '[-XX:+IgnoreUnrecognizedVMOptions]',
    '[-Xmx77m]',
    '[-Djava.net.preferIPv4Stack=true]',
    '[-XX:+UseSerialGC]',
    '[-XX:+ExitOnOutOfMemoryError]',
    `[-Dtmp=${work}/tmp]`,
    '[-cp]',
    `[${work}:${work}/lib/*]`,
    '[org.example.Main]',
    '[--file]',
    `[${work}/the file.conf]`,
    '[$(touch hacked)]',
    '[]',
    '[*]',
    '',
  ])
})

it('becomes the service: the exit code is the program’s own', async () => {
  const home = await fakeJava(path.join(top, 'java'))
  await writeFile(path.join(home, 'bin', 'java'), '#!/bin/sh\necho "pid $$ $PPID"; exit 42\n')
  const wrapped = await run(`echo "shell $$"\n${script(home)}`)
  expect(wrapped.code).toBe(42)
  const [, shell] = /^shell (\d+)$/m.exec(wrapped.stdout) ?? []
  const [, pid] = /^pid (\d+) /m.exec(wrapped.stdout) ?? []
  expect(pid).toBe(shell)
})

const which = async (javaHome: string | undefined, env: Readonly<Record<string, string>>) =>
  /^java= (.*)$/m.exec((await run(script(javaHome), env)).stdout)?.[1]

it.skipIf(defaultJava !== undefined)('looks for Java in the site, JAVA_HOME and PATH, in this order', async () => {
  const site = await fakeJava(path.join(top, 'the site'))
  const environment = await fakeJava(path.join(top, 'the environment'))
  const onPath = await fakeJava(path.join(top, 'on the path'))
  const env = { JAVA_HOME: environment, PATH: `${tools}:${onPath}/bin` }
  expect(await which(site, env)).toBe(site)
  expect(await which(undefined, env)).toBe(environment)
  expect(await which(path.join(top, 'nothing here'), env)).toBe(environment)
  expect(await which(undefined, { ...env, JAVA_HOME: '/nowhere' })).toBe(onPath)
  expect(await which(undefined, { PATH: env.PATH })).toBe(onPath)
})

it.skipIf(defaultJava !== undefined)('follows the links of a distribution to the real home', async () => {
  const real = await fakeJava(path.join(top, 'jvm', 'java-17'))
  const bin = path.join(top, 'bin')
  await mkdir(bin)
  await symlink(path.join(real, 'bin', 'java'), path.join(top, 'alternative'))
  await symlink(path.join(top, 'alternative'), path.join(bin, 'java'))
  const { stdout } = await run(script(), { PATH: `${tools}:${bin}` })
  expect(stdout).toContain(`home=${real}\n`)
})

it.skipIf(defaultJava !== undefined)('without Java it ends with 127 and says where it looked', async () => {
  for (const env of [{}, { JAVA_HOME: '/nowhere' }, { JAVA_HOME: '' }]) {
    const { code, stdout, stderr } = await run(script(), env)
    expect(code).toBe(127)
    expect(stdout).toBe('')
    expect(stderr).toContain('there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH')
  }
})

it.skipIf(defaultJava !== undefined)('does not take /bin/java for the one of an empty JAVA_HOME', async () => {
  const home = await fakeJava(path.join(top, 'found'))
  const { stdout } = await run(`${findJava(undefined)}\necho "home=$JAVA_HOME"`, { PATH: `${tools}:${home}/bin` })
  expect(stdout).toBe(`home=${home}\n`)
})

it('a folder that is not there is a failure, not a start elsewhere', async () => {
  const home = await fakeJava(path.join(top, 'java'))
  const { code, stdout } = await run(launchScript('web', path.join(top, 'absent'), launch(), home))
  expect(code).toBe(1)
  expect(stdout).toBe('')
})

it('one command of a script: its environment stays inside, its failure ends the script', async () => {
  const home = await fakeJava(path.join(top, 'java'))
  const good = await run(`set -e\n${findJava(home)}\n${javaCommand(launch())} </dev/null 2>&1\necho "after=$ODD"`)
  expect(good.code).toBe(0)
  expect(good.stdout).toContain(`[${work}:${work}/lib/*]`)
  expect(good.stdout).toMatch(/after=\n$/)
  await writeFile(path.join(home, 'bin', 'java'), '#!/bin/sh\nexit 9\n')
  const bad = await run(`set -e\n${findJava(home)}\n${javaCommand(launch())} </dev/null 2>&1\necho after`)
  expect(bad).toMatchObject({ code: 9, stdout: '' })
})

it.skipIf(defaultJava !== undefined)(
  'a script that ends at every failure still says that there is no Java',
  async () => {
    const { code, stderr } = await run(`set -e\n${findJava(undefined)}\necho after`)
    expect(code).toBe(127)
    expect(stderr).toContain('there is no Java')
  },
)
