#!/bin/sh
# Written by smartcar: becomes postgres on localhost.
# stop-signal: INT
cd /site/smartcar-data/services/data/postgres || exit 1
umask 077
LC_ALL=C TZ=UTC; export LC_ALL TZ
[ "$(uname -m)" = x86_64 ] || { echo 'smartcar: error: the PostgreSQL that is pinned runs on x86_64 alone' >&2; exit 1; }
software=/site/smartcar-data/services/software/postgres account='' as='' base=''
if [ "$(id -u)" -eq 0 ]; then
  for a in postgres nobody; do if id -u "$a" >/dev/null 2>&1; then account=$a; break; fi; done
  [ -n "$account" ] || { echo 'smartcar: error: PostgreSQL does not run as root, and there is no account postgres or nobody' >&2; exit 1; }
  command -v setpriv >/dev/null || { echo 'smartcar: error: PostgreSQL does not run as root, and there is no setpriv (util-linux)' >&2; exit 1; }
  as="setpriv --reuid=$(id -u "$account") --regid=$(id -g "$account") --clear-groups"
fi
for b in /site/smartcar-data/services/data/postgres /site/smartcar-data/services/postgres /var/lib/smartcar/7c366c07e444624b; do if [ -e "$b/data/PG_VERSION" ]; then base=$b; break; fi; done
if [ -z "$base" ]; then
  for b in /site/smartcar-data/services/data/postgres /site/smartcar-data/services/postgres /var/lib/smartcar/7c366c07e444624b; do
    [ "${b%/*}" != /var/lib/smartcar ] || mkdir -p -m 755 /var/lib/smartcar
    if $as test -x "${b%/*}"; then base=$b; break; fi
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
passwords() { cat /site/smartcar-data/services/secrets/postgres-metastore /site/smartcar-data/services/secrets/postgres-smartcar | sha256sum; }
# A backend without the server, the superuser's only way in; it goes on behind an error and says nothing with its code.
single() {
  out=$($as "$software/bin/postgres" --single -D "$1" -c log_min_error_statement=panic postgres 2>&1) &&
    ! printf '%s' "$out" | grep -Ei 'error|fatal|panic' >&2
}

if [ "$(passwords)" != "$(cat passwords 2>/dev/null)" ]; then
  { printf "ALTER ROLE metastore PASSWORD '%s'\n" "$(cat /site/smartcar-data/services/secrets/postgres-metastore)"; printf "ALTER ROLE smartcar PASSWORD '%s'\n" "$(cat /site/smartcar-data/services/secrets/postgres-smartcar)"; } | single "$base/data" && passwords >passwords || exit 1
fi
cp /site/smartcar-data/services/conf/postgres/postgresql.conf /site/smartcar-data/services/conf/postgres/pg_hba.conf "$base/" && own "$base/postgresql.conf" "$base/pg_hba.conf" || exit 1
exec $as "$software/bin/postgres" -D "$base/data" -c "config_file=$base/postgresql.conf" -c "hba_file=$base/pg_hba.conf"
