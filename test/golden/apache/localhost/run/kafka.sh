#!/bin/sh
# Written by smartcar: becomes kafka on localhost.
cd /site/smartcar-data/services/data/kafka || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx512m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -Dlog4j.configuration=file:/site/smartcar-data/services/conf/kafka/log4j.properties -cp '/site/smartcar-data/services/software/kafka/lib/*' kafka.Kafka /site/smartcar-data/services/conf/kafka/server.properties
