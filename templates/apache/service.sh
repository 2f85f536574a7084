#!/bin/sh
# Written by smartcar. Starts, watches and stops the services below one folder.
#   sh service.sh ROOT start|stop|state ROLE [WORD]
# Where systemd runs, a unit starts and stops the watcher instead: prepare, systemctl start, await.
# A service is the script run/ROLE.sh, which ends in `exec`. Beside it: ROLE.pid (the service), ROLE.supervisor (who
# watches it), ROLE.started (what it was started with), ROLE.ends (when it ended by itself, and how).
root=$1 verb=$2 role=$3 word=$4
run=$root/run log=$root/logs/$role.log
most_size=${SMARTCAR_LOG_SIZE:-52428800} # bytes of a log before it is rotated
look_every=${SMARTCAR_LOG_EVERY:-30} # seconds between two looks at its size
most_logs=5
quick=60 # seconds: a service that ends sooner is waited for longer before the next start
most_quick=5
gave_up='given up'

alive() { # FILE: the process named in it runs, and is the one that wrote it (its start time is on the second line)
  # The file may go away at any time: nothing of the one that was read before may stay.
  p='' s=''
  [ -r "$1" ] && { read -r p; read -r s; } 2>/dev/null <"$1"
  [ -n "$p" ] && kill -0 "$p" 2>/dev/null && [ "$s" = "$(birth "$p")" ]
}
birth() { # start time of a process, in ticks since the boot; nothing for one that has ended and waits for its parent
  [ -r "/proc/$1/stat" ] && sed -n 's/^.*) \([^ZX] .*\)$/\1/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}
# What the service itself ends at in good order: its script says so where that is not SIGTERM.
stop_signal() { s=$(sed -n 's/^# stop-signal: //p' "$run/$role.sh" 2>/dev/null); echo "${s:-TERM}"; }
note() { { echo "$1"; birth "$1"; } >"$2.new" && mv "$2.new" "$2"; }
pid_of() { head -n 1 "$1" 2>/dev/null; }

rotate() {
  [ -e "$log" ] || return 0
  size=$(wc -c <"$log" 2>/dev/null) || return 0
  [ "$size" -gt "$most_size" ] || return 0
  n=$most_logs
  while [ $n -gt 1 ]; do
    [ -e "$log.$((n - 1))" ] && mv -f "$log.$((n - 1))" "$log.$n"
    n=$((n - 1))
  done
  # The service keeps its file open and appends: copied and cut, not renamed.
  cp "$log" "$log.1" && : >"$log"
}

supervise() { # WORD: seconds to stay when it gave up, for a unit that is then started anew
  child='' stopping='' rotator='' given_up='' quick_ends=0 pause=1
  trap 'stopping=1; [ -n "$child" ] && kill -"$(stop_signal)" "$child" 2>/dev/null' TERM INT HUP
  note $$ "$run/$role.supervisor"
  while :; do
    rotate
    began=$(date +%s)
    sh "$run/$role.sh" >>"$log" 2>&1 </dev/null &
    child=$!
    born=$(birth $child)
    note $child "$run/$role.pid"
    # A signal that came before the child was known has not reached it.
    [ -n "$stopping" ] && kill -"$(stop_signal)" $child 2>/dev/null
    ( while sleep "$look_every"; do kill -0 $child 2>/dev/null || exit; rotate; done ) >/dev/null 2>&1 &
    rotator=$!
    wait $child; code=$?
    # A signal ends the wait, not the service.
    while kill -0 $child 2>/dev/null && [ "$(birth $child)" = "$born" ]; do wait $child; code=$?; done
    child=''
    kill $rotator 2>/dev/null
    rm -f "$run/$role.pid"
    [ -n "$stopping" ] && break
    if [ $(($(date +%s) - began)) -lt $quick ]; then quick_ends=$((quick_ends + 1)); else quick_ends=0 pause=1; fi
    given_up=''
    [ $quick_ends -ge $most_quick ] && given_up=", $gave_up after $most_quick quick ends"
    # One line an end, so that they can be counted.
    echo "$(date +%Y-%m-%dT%H:%M:%S) $role ended by itself with code $code$given_up" | tee -a "$log" >>"$run/$role.ends"
    [ -n "$given_up" ] && break
    sleep $pause & wait $!
    [ -n "$stopping" ] && break
    pause=$((pause * 2)); [ $pause -gt 60 ] && pause=60
  done
  rm -f "$run/$role.supervisor"
  if [ -n "$given_up" ] && [ -n "$word" ]; then sleep "$word" & wait $!; fi
}

prepare() { # what an earlier one left goes; what is started now is noted
  rm -f "$run/$role.ends" "$run/$role.pid" "$run/$role.supervisor"
  echo "$word" >"$run/$role.started"
}

# The watcher is there for the next command only once it has noted itself; one that gave up at once has left its ends.
await() {
  tries=0
  until alive "$run/$role.supervisor" || [ -s "$run/$role.ends" ]; do
    tries=$((tries + 1))
    [ $tries -le 100 ] || { echo "service.sh: the supervisor of $role did not start" >&2; exit 1; }
    sleep 0.1 2>/dev/null || sleep 1
  done
}

case $verb in
supervise) supervise ;;
prepare) prepare ;; # WORD: what it is started with
await) await ;;
start) # WORD: what it is started with
  # Of two that start at the same time the second one finds the first one's supervisor.
  if command -v flock >/dev/null 2>&1; then exec 9>>"$run/$role.lock" && flock 9; fi
  if alive "$run/$role.supervisor"; then exit 0; fi
  # A service whose supervisor was killed goes on without one: it has to end before another is started.
  if alive "$run/$role.pid"; then sh "$0" "$root" stop "$role" 60 9>&-; fi
  prepare
  setsid sh "$0" "$root" supervise "$role" >/dev/null 2>&1 </dev/null 9>&- &
  await
  ;;
stop) # WORD: seconds until it is killed
  supervisor=$(pid_of "$run/$role.supervisor") service=$(pid_of "$run/$role.pid")
  alive "$run/$role.supervisor" || supervisor=''
  alive "$run/$role.pid" || service=''
  forget() { rm -f "$run/$role.pid" "$run/$role.supervisor" "$run/$role.started" "$run/$role.ends"; }
  [ -n "$supervisor$service" ] || { forget; echo stopped; exit 0; }
  [ -n "$supervisor" ] && kill -TERM "$supervisor" 2>/dev/null
  [ -n "$service" ] && kill -"$(stop_signal)" "$service" 2>/dev/null
  end=$(($(date +%s) + ${word:-30}))
  how=stopped kills=0
  while alive "$run/$role.pid" || alive "$run/$role.supervisor"; do
    if [ "$(date +%s)" -ge $end ]; then
      how=killed kills=$((kills + 1))
      [ $kills -le 3 ] || { echo "service.sh: $role cannot be killed" >&2; exit 1; }
      # The supervisor first, which would start the service again; by what is noted now, not when the stop began.
      alive "$run/$role.supervisor" && kill -KILL "$p" 2>/dev/null
      alive "$run/$role.pid" && kill -KILL "$p" 2>/dev/null
      end=$(($(date +%s) + 5))
    fi
    sleep 0.2 2>/dev/null || sleep 1
  done
  forget
  echo $how
  ;;
state)
  if alive "$run/$role.pid"; then
    echo "state: running"; echo "pid: $(pid_of "$run/$role.pid")"
    alive "$run/$role.supervisor" || echo "unsupervised: yes"
  elif alive "$run/$role.supervisor"; then echo "state: waiting"
  # Ends alone do not make it failed: it may have been started again since, and the host switched off.
  elif tail -n 1 "$run/$role.ends" 2>/dev/null | grep -q "$gave_up"; then echo "state: failed"
  else echo "state: stopped"; fi
  [ -r "$run/$role.started" ] && echo "started: $(cat "$run/$role.started")"
  [ -s "$run/$role.ends" ] && { echo "ends: $(wc -l <"$run/$role.ends" | tr -d ' ')"; echo "last-end: $(tail -n 1 "$run/$role.ends")"; }
  exit 0
  ;;
*) echo "service.sh: what is '$verb'?" >&2; exit 2 ;;
esac
