#!/bin/sh
# Written by smartcar: becomes kafka on server02.
cd /opt/smartcar/data/kafka || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx512m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -Dlog4j.configuration=file:/opt/smartcar/conf/kafka/log4j.properties -cp '/opt/smartcar/software/kafka/lib/*' kafka.Kafka /opt/smartcar/conf/kafka/server.properties
