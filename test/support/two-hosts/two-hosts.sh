#!/bin/bash
# two-hosts.sh build | up el6|el7 | down | reset el6|el7 | status | exec HOST CMD... | link HOST up|down
#
# Isolated "hosts" on one machine: each has its own network, process, mount, host name and IPC namespace and an overlay
# file system, with a real sshd, dnf, rpm and reboot. Test isolation, not a security boundary. Needs root.
# Runs inside a network, mount and process namespace of the test run (see run-isolated.sh), so that nothing of it is
# seen on the machine and nothing survives the run.
#   TWO_HOSTS_DIR    where the hosts live (required, except for build)
#   TWO_HOSTS_CACHE  the base system and the repositories, built once [/var/cache/smartcar-two-hosts]
#   TWO_HOSTS_NAMES  [server01 server02]      TWO_HOSTS_NET  [10.77.0]
#   TWO_HOSTS_MOUNTS folders of the machine that the hosts see under the same path, read-only, with blanks between
set -u
here=$(cd "$(dirname "$0")" && pwd)
self=$here/$(basename "$0")
cache=${TWO_HOSTS_CACHE:-/var/cache/smartcar-two-hosts}
base=$cache/base
repositories=$cache/repositories
net=${TWO_HOSTS_NET:-10.77.0}
names=${TWO_HOSTS_NAMES:-server01 server02}
bridge=sc-bridge
packages=openssh-server,openssh-client,sudo,iproute2,procps,hostname,dnf,rpm,createrepo-c,tini,psmisc,curl,passwd,ncurses-base,iputils-ping
# What root on a test host must not have: with these it would be root of the machine.
dropped=-sys_time,-sys_module,-sys_rawio,-mknod,-syslog,-mac_admin,-wake_alarm

die() {
  echo "two-hosts: $*" >&2
  exit 1
}

number_of() {
  local number=11 name
  for name in $names; do
    [ "$name" = "$1" ] && echo $number && return
    number=$((number + 1))
  done
  die "no host $1"
}

build() {
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  if [ ! -e "$base/.complete" ]; then
    [ -e "$base/bin/sh" ] && rm -rf --one-file-system "$base"
    mmdebstrap --quiet --variant=minbase --mode=root --include=$packages \
      --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
      bookworm "$base" </dev/null >&2 || die 'mmdebstrap failed'
    rm -rf "$base"/var/cache/apt/* "$base"/var/lib/apt/lists/* "$base"/etc/ssh/ssh_host_*
    touch "$base/.complete"
  fi
  local version
  version=$(sha256sum <"$here/repositories.sh" | cut -c1-16)
  if [ "$(cat "$repositories/.version" 2>/dev/null)" != "$version" ]; then
    "$here/repositories.sh" "$base" "$repositories" "$here/layer/common/usr/local/lib/fakehost/initscript" >&2 ||
      die 'the package repositories could not be built'
    echo "$version" >"$repositories/.version"
  fi
  flock -u 9
}

supervisor() { cat "$dir/run/$1.pid" 2>/dev/null; }

alive() {
  local pid
  pid=$(supervisor "$1") && [ -n "$pid" ] && [ -e "/proc/$pid/stat" ] &&
    [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f1)" != Z ]
}

# Process 1 of a host, as seen from here.
first_process() {
  local unshare
  unshare=$(pgrep -P "$(supervisor "$1")" -x unshare | head -1)
  [ -n "$unshare" ] && pgrep -P "$unshare" | head -1
}

answers() { timeout 1 bash -c "exec 3<>/dev/tcp/$1/22 && read -t 1 -u 3 line && [[ \$line == SSH-* ]]" 2>/dev/null; }

# Whatever is left of a host, also after a kill -9 of its supervisor.
wipe() {
  local pid
  for pid in $(ip netns pids "sc-$1" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
  ip link del "sc-v$(number_of "$1")" 2>/dev/null
  ip netns del "sc-$1" 2>/dev/null
  rm -f "$dir/run/$1.pid"
}

up() {
  local name number
  [ "$(id -u)" = 0 ] || die 'needs root'
  mkdir -p "$dir"/{run,log,hosts}
  echo "$1" >"$dir/profile"
  # A copy that root owns: sudo ignores a sudoers file of somebody else, and a clone may be anybody's.
  # Made once: it lies below the file systems of hosts that run, which lose what is deleted there.
  if [ ! -d "$dir/layer" ]; then
    cp -r "$here/layer" "$dir/layer.new" && chown -R 0:0 "$dir/layer.new" && chmod 440 "$dir"/layer.new/*/etc/sudoers.d/* &&
      mv "$dir/layer.new" "$dir/layer" || die 'no layer'
  fi
  [ -f "$dir/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C two-hosts -f "$dir/id_ed25519"
  [ -f "$dir/id_rsa" ] || ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -C two-hosts-rsa -f "$dir/id_rsa"
  cat "$dir"/id_*.pub >"$dir/authorized_keys"
  if ! ip link show $bridge >/dev/null 2>&1; then
    ip link add $bridge type bridge && ip addr add "$net.1/24" dev $bridge && ip link set $bridge up || die 'no bridge'
  fi
  for name in $names; do
    alive "$name" && continue
    wipe "$name"
    number=$(number_of "$name")
    ip netns add "sc-$name"
    # A fixed MAC: with a new one each time a host made anew is unreachable until the ARP entry expires.
    ip link add "sc-v$number" type veth peer name eth0 address "02:77:00:00:00:$number" netns "sc-$name"
    ip link set "sc-v$number" master $bridge up
    ip -n "sc-$name" link set lo up
    ip -n "sc-$name" addr add "$net.$number/24" dev eth0
    ip -n "sc-$name" link set eth0 up
    ip -n "sc-$name" route add default via "$net.1"
    mkdir -p "$dir/hosts/$name"/{upper,work,merged}
    setsid ip netns exec "sc-$name" "$self" _supervise "$name" >"$dir/log/$name.log" 2>&1 </dev/null &
  done
  wait_for
}

wait_for() {
  local name address
  for name in $names; do
    address=$net.$(number_of "$name")
    until answers "$address"; do
      [ $SECONDS -lt 90 ] || die "$name: no sshd after 90 s: $(tail -3 "$dir/log/$name.log")"
      sleep 0.05
    done
  done
  : >"$dir/known_hosts"
  for name in $names; do
    for key in "$dir/hosts/$name"/upper/etc/ssh/ssh_host_*_key.pub; do
      echo "$name,$net.$(number_of "$name") $(cut -d' ' -f1,2 "$key")" >>"$dir/known_hosts"
    done
  done
}

_supervise() {
  local name=$1 child='' code
  echo $$ >"$dir/run/$name.pid"
  trap '[ -n "$child" ] && kill -KILL $child 2>/dev/null; rm -f "$dir/run/'"$name"'.pid"; exit 0' TERM INT
  while :; do
    setpriv --pdeathsig KILL unshare --mount --uts --ipc --pid --fork --kill-child --propagation private "$self" _boot "$name" &
    child=$!
    wait $child
    code=$?
    # reboot(2) in a process namespace ends its first process with SIGHUP (restart) or SIGINT (power off).
    case $code in
      129) echo 'restarts' && sleep "${TWO_HOSTS_BOOT_DELAY:-1}" ;;
      130) echo 'powered off' && rm -f "$dir/run/$name.pid" && exit 0 ;;
      *) echo "ended with $code" && rm -f "$dir/run/$name.pid" && exit 1 ;;
    esac
  done
}

_boot() {
  set -e
  local name=$1 host root profile
  host=$dir/hosts/$name
  root=$host/merged
  profile=$(cat "$dir/profile")
  mount -t overlay "sc-$name" -o "lowerdir=$dir/layer/$profile:$dir/layer/common:$base,upperdir=$host/upper,workdir=$host/work" "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
  local device
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
  mount -t tmpfs tmpfs "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
  local folder
  for folder in ${TWO_HOSTS_MOUNTS:-}; do
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
    mount -o remount,bind,ro "$root$folder"
  done
  # Kernel settings are plain files over the real ones: nothing here can change the machine.
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount -o remount,bind,ro "$root/proc/sys"
  mkdir -p "$root/run/fakehost"
  local setting file knob
  for setting in vm/swappiness:60 vm/overcommit_memory:0 net/ipv6/conf/all/disable_ipv6:0 \
    net/ipv6/conf/default/disable_ipv6:0 net/ipv6/conf/lo/disable_ipv6:0; do
    [ -e "$root/proc/sys/${setting%:*}" ] || continue
    file=$root/run/fakehost/${setting%:*}
    mkdir -p "${file%/*}"
    echo "${setting#*:}" >"$file"
    mount --bind "$file" "$root/proc/sys/${setting%:*}"
  done
  mount -t tmpfs -o mode=755 tmpfs "$root/sys"
  local pages=transparent_hugepage
  [ "$profile" = el6 ] && pages='transparent_hugepage redhat_transparent_hugepage'
  for knob in $pages; do
    mkdir -p "$root/sys/kernel/mm/$knob"
    for file in enabled defrag; do echo '[always] madvise never' >"$root/sys/kernel/mm/$knob/$file"; done
  done
  if [ ! -e "$host/upper/.first-boot" ]; then
    printf '127.0.0.1 localhost localhost.localdomain\n::1 localhost localhost.localdomain\n%s.1 archive.cloudera.com vault.centos.org # two-hosts\n' "$net" >"$root/etc/hosts"
    echo localhost.localdomain >"$root/etc/hostname"
    : >"$root/etc/resolv.conf"
    mkdir -p "$root/srv"
    cp "$dir/authorized_keys" "$root/srv/authorized_keys"
    cp "$repositories"/os"${profile#el}"/centos-release-*.rpm "$root/srv/"
    chroot "$root" /usr/local/lib/fakehost/firstboot "$profile"
    touch "$root/.first-boot"
  fi
  mkdir -p "$root/.old"
  cd "$root"
  pivot_root . .old
  exec chroot . /bin/bash -c "umount -l /.old; rmdir /.old 2>/dev/null; exec setpriv --bounding-set $dropped --inh-caps=-all /usr/local/lib/fakehost/init" </dev/null
}

down() {
  local name pid
  for name in $names; do
    pid=$(supervisor "$name") && [ -n "$pid" ] && kill -TERM "$pid" 2>/dev/null
  done
  for name in $names; do wipe "$name"; done
  ip link del $bridge 2>/dev/null
  for name in $(seq 50); do
    grep -q " $dir/hosts/" /proc/mounts || break
    sleep 0.05
  done
}

status() {
  local name state code=0
  for name in $names; do
    if alive "$name" && answers "$net.$(number_of "$name")"; then state=up; elif alive "$name"; then state=booting; else state=down; fi
    [ $state = up ] || code=3
    echo "$name $net.$(number_of "$name") $state"
  done
  return $code
}

command=${1:-}
shift || true
[ "$command" = build ] && build && exit 0
dir=${TWO_HOSTS_DIR:?set it to the folder of the hosts}
case $command in
  up) up "$1" ;;
  down) down ;;
  reset)
    down
    rm -rf --one-file-system "$dir/hosts"
    up "$1"
    ;;
  wait) wait_for ;;
  status) status ;;
  exec)
    pid=$(first_process "$1") && [ -n "$pid" ] || die "$1 is down"
    shift
    exec nsenter -t "$pid" -a "$@"
    ;;
  link) ip link set "sc-v$(number_of "$1")" "$2" ;;
  power-off)
    pid=$(supervisor "$1") && [ -n "$pid" ] && kill -TERM "$pid"
    while alive "$1"; do sleep 0.05; done
    ;;
  _supervise) _supervise "$1" ;;
  _boot) _boot "$1" ;;
  *)
    sed -n 2p "$self" >&2
    exit 2
    ;;
esac
