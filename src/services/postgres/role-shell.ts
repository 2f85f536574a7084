/** Shell text of the role `postgres`: its programs come from npm, which has no psql, and it does not run as root. */
import { createHash } from 'node:crypto'
import type { HostView } from '../../core/cluster/service.js'
import { shellQuote } from '../../core/transport.js'

/** Accounts of the database, each with a database of its own name. The superuser cannot log in at all. */
export const databases = ['metastore', 'smartcar'] as const

const systemFolder = '/var/lib/smartcar'

/** Where data may be, best first: below the services' data, or where an account that is not root's can enter. */
function places({ data, host }: HostView): readonly string[] {
  const { root } = host.folders
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16)
  return [data('postgres'), `${root}/postgres`, `${systemFolder}/${id}`]
}

/**
 * Sets `as` (what runs a program as another account, empty unless this is root), `base` (folder of data and copies of
 * the configuration) and `software`, which that account can read. Ends with a message when there is no way.
 */
function prelude(view: HostView): string {
  return `umask 077
LC_ALL=C TZ=UTC; export LC_ALL TZ
[ "$(uname -m)" = x86_64 ] || { echo 'smartcar: error: the PostgreSQL that is pinned runs on x86_64 alone' >&2; exit 1; }
software=${shellQuote(view.software('postgres'))} account='' as='' base=''
if [ "$(id -u)" -eq 0 ]; then
  for a in postgres nobody; do if id -u "$a" >/dev/null 2>&1; then account=$a; break; fi; done
  [ -n "$account" ] || { echo 'smartcar: error: PostgreSQL does not run as root, and there is no account postgres or nobody' >&2; exit 1; }
  command -v setpriv >/dev/null || { echo 'smartcar: error: PostgreSQL does not run as root, and there is no setpriv (util-linux)' >&2; exit 1; }
  as="setpriv --reuid=$(id -u "$account") --regid=$(id -g "$account") --clear-groups"
fi
for b in ${places(view).map(shellQuote).join(' ')}; do if [ -e "$b/data/PG_VERSION" ]; then base=$b; break; fi; done
if [ -z "$base" ]; then
  for b in ${places(view).map(shellQuote).join(' ')}; do
    [ "\${b%/*}" != ${systemFolder} ] || mkdir -p -m 755 ${systemFolder}
    if $as test -x "\${b%/*}"; then base=$b; break; fi
  done
fi
[ -n "$base" ] || { echo "smartcar: error: the account $account can enter none of the folders that PostgreSQL could keep its data in" >&2; exit 1; }
mkdir -p "$base"
cd "$base" || exit 1
own() { [ -z "$account" ] || chown "$account" "$@"; }
own "$base"
if ! $as test -x "$software/bin/postgres"; then
  cmp -s "$software/.smartcar-id" "$base/software/.smartcar-id" || {
    rm -rf "$base/software" "$base/software.new"
    cp -pR "$software" "$base/software.new" && own -R "$base/software.new" && mv "$base/software.new" "$base/software" || exit 1
  }
  software=$base/software
fi
passwords() { cat ${databases.map((name) => shellQuote(view.secret(`postgres-${name}`))).join(' ')} | sha256sum; }
# A backend without the server, the superuser's only way in; it goes on behind an error and says nothing with its code.
single() {
  out=$($as "$software/bin/postgres" --single -D "$1" -c log_min_error_statement=panic postgres 2>&1) &&
    ! printf '%s' "$out" | grep -Ei 'error|fatal|panic' >&2
}
`
}

/** Runs once: data folder, accounts and databases, whole or not at all. */
export function initShell(view: HostView): string {
  const lines = databases.flatMap((name) => [
    `printf "CREATE ROLE ${name} LOGIN PASSWORD '%s'\\n" "$(cat ${shellQuote(view.secret(`postgres-${name}`))})"`,
    `echo 'CREATE DATABASE ${name} OWNER ${name}'`,
  ])
  return `${prelude(view)}
if [ ! -e "$base/data/PG_VERSION" ]; then
  rm -rf "$base/data.unfinished"
  $as "$software/bin/initdb" -D "$base/data.unfinished" -U postgres --auth=reject --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8
  { ${lines.join('; ')}; } | single "$base/data.unfinished" || { echo 'smartcar: error: accounts and databases could not be made' >&2; exit 1; }
  passwords >"$base/passwords"
  mv "$base/data.unfinished" "$base/data"
fi`
}

/** Becomes the server. Passwords that have changed since the last start are set before. */
export function startShell(view: HostView): string {
  const files = ['postgresql.conf', 'pg_hba.conf'].map((name) => shellQuote(view.conf(`postgres/${name}`)))
  const lines = databases.map(
    (name) => `printf "ALTER ROLE ${name} PASSWORD '%s'\\n" "$(cat ${shellQuote(view.secret(`postgres-${name}`))})"`,
  )
  return `${prelude(view)}
if [ "$(passwords)" != "$(cat passwords 2>/dev/null)" ]; then
  { ${lines.join('; ')}; } | single "$base/data" && passwords >passwords || exit 1
fi
cp ${files.join(' ')} "$base/" && own "$base/postgresql.conf" "$base/pg_hba.conf" || exit 1
exec $as "$software/bin/postgres" -D "$base/data" -c "config_file=$base/postgresql.conf" -c "hba_file=$base/pg_hba.conf"`
}
