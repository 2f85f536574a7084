#!/bin/sh
# Written by smartcar: becomes zookeeper on server02.
cd /opt/smartcar/data/zookeeper || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx128m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -cp '/opt/smartcar/conf/zookeeper:/opt/smartcar/software/zookeeper/lib/*' org.apache.zookeeper.server.quorum.QuorumPeerMain /opt/smartcar/conf/zookeeper/zoo.cfg
