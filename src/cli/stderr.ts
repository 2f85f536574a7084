/** What people read beside the result must never decide over the work: a stderr that is full or has gone is no failure. */
export function tolerateLostStderr(): void {
  process.stderr.on('error', () => {})
}
