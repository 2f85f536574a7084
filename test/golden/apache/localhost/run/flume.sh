#!/bin/sh
# Written by smartcar: becomes flume on localhost.
cd /site/smartcar-data/services/data/flume || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
HADOOP_CONF_DIR=/site/smartcar-data/services/conf/hadoop; export HADOOP_CONF_DIR
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx512m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -Dlog4j.configuration=file:/site/smartcar-data/services/conf/flume/log4j.properties -Dflume.monitoring.type=http -Dflume.monitoring.port=34545 -Duser.timezone=UTC -cp '/site/smartcar-data/services/conf/flume:/site/smartcar-data/services/conf/hadoop:/site/smartcar-data/services/software/flume/lib/*' org.apache.flume.node.Application -n SmartCar_Agent -f /site/smartcar-data/services/conf/flume/agent.conf
