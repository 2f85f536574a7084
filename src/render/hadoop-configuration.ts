/** Configuration files of the Hadoop family, from data: escaping is right by construction. */

type Settings = Readonly<Record<string, string | number | boolean>>

const head = 'Written by smartcar from the site file: changes made here are undone by the next smartcar provision.'

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** `*-site.xml`, settings in the given order. */
export function hadoopXml(settings: Settings): string {
  const properties = Object.entries(settings).map(
    ([name, value]) =>
      `  <property>\n    <name>${escapeXml(name)}</name>\n    <value>${escapeXml(String(value))}</value>\n  </property>\n`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<!-- ${head} -->\n<configuration>\n${properties.join('')}</configuration>\n`
}

const whitespace: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' }

/** Java reads such files as Latin-1, so that everything beyond ASCII is written by its number. */
function escapeProperty(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replace(/[\n\r\t\f]/g, (mark) => whitespace[mark] ?? mark)
    .replace(/[^ -~]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A Java properties file; keys and values as they are, but for the characters that the format gives a meaning. */
export function javaProperties(settings: Settings): string {
  const lines = Object.entries(settings).map(([key, value]) => {
    const name = escapeProperty(key).replace(/[:= ]|^[#!]/g, (mark) => `\\${mark}`)
    // Blanks before a value belong to the sign, those in it and behind it to the value.
    return `${name}=${escapeProperty(String(value)).replace(/^ /, '\\ ')}\n`
  })
  return `# ${head}\n${lines.join('')}`
}

/** log4j 1 (and reload4j) to the console: the supervisor keeps and rotates what a service prints. */
export const consoleLog4j = javaProperties({
  'log4j.rootLogger': 'INFO, console',
  'log4j.appender.console': 'org.apache.log4j.ConsoleAppender',
  'log4j.appender.console.target': 'System.err',
  'log4j.appender.console.layout': 'org.apache.log4j.PatternLayout',
  'log4j.appender.console.layout.ConversionPattern': '%d{ISO8601} %p %c{2}: %m%n',
})

/** The same for log4j 2. */
export const consoleLog4j2 = javaProperties({
  status: 'WARN',
  name: 'console',
  'appender.console.type': 'Console',
  'appender.console.name': 'console',
  'appender.console.target': 'SYSTEM_ERR',
  'appender.console.layout.type': 'PatternLayout',
  'appender.console.layout.pattern': '%d{ISO8601} %p %c{2}: %m%n%ex',
  'rootLogger.level': 'INFO',
  'rootLogger.appenderRef.console.ref': 'console',
})
