import type { JavaLaunch, Launch } from '../../core/cluster/service.js'
import { shellQuote } from '../../core/transport.js'

/** Sets JAVA_HOME: the site's, the one of provisioning, the environment's, or where `java` of PATH leads to. */
export function findJava(javaHome: string | undefined): string {
  const places = [...(javaHome === undefined ? [] : [shellQuote(javaHome)]), '/usr/java/default', '"$JAVA_HOME"']
  return `for h in ${places.join(' ')}; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=\${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME`
}

/** The words of a Java command after the program. `folder/*` stays one word: Java expands it, a shell must not. */
export function javaWords(launch: JavaLaunch): readonly string[] {
  return [
    // A JDK 8 knows no --add-opens.
    '-XX:+IgnoreUnrecognizedVMOptions',
    `-Xmx${launch.heap}m`,
    '-Djava.net.preferIPv4Stack=true',
    '-XX:+UseSerialGC',
    // A JVM that cannot go on must end, so that it is started again.
    '-XX:+ExitOnOutOfMemoryError',
    ...(launch.jvm ?? []),
    '-cp',
    launch.classPath.join(':'),
    launch.main,
    ...(launch.arguments ?? []),
  ]
}

function exportLines({ environment = {}, secrets = {} }: JavaLaunch): string {
  return [
    ...Object.entries(environment).map(([name, value]) => `${name}=${shellQuote(value)}; export ${name}\n`),
    ...Object.entries(secrets).map(([name, file]) => `${name}=$(cat ${shellQuote(file)}) || exit 1; export ${name}\n`),
  ].join('')
}

/** Runs `launch` to its end, as part of a script that has `findJava` before it. */
export function javaCommand(launch: JavaLaunch): string {
  return `(\n${exportLines(launch)}"$JAVA_HOME/bin/java" ${javaWords(launch).map(shellQuote).join(' ')}\n)`
}

/** The script `run/<role>.sh` that becomes the service. `service.sh` reads its line with the signal that ends it. */
export function launchScript(
  title: string,
  folder: string,
  launch: Launch,
  javaHome: string | undefined,
  stopSignal?: 'INT',
): string {
  const body =
    'shell' in launch
      ? launch.shell
      : `${findJava(javaHome)}
${exportLines(launch)}exec "$JAVA_HOME/bin/java" ${javaWords(launch).map(shellQuote).join(' ')}`
  return `#!/bin/sh
# Written by smartcar: becomes ${title}.
${stopSignal === undefined ? '' : `# stop-signal: ${stopSignal}\n`}cd ${shellQuote(folder)} || exit 1
${body}
`
}
