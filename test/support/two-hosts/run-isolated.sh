#!/bin/sh
# run-isolated.sh COMMAND...: runs a command in network, mount and process namespaces of its own. When it ends, in
# whatever way, every process, link, address and mount that it made is gone.
set -e
if [ "${SMARTCAR_ISOLATED:-}" != 1 ]; then
  SMARTCAR_ISOLATED=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private "$0" "$@"
fi
ip link set lo up
# `ip netns` keeps its names here.
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
"$@"
