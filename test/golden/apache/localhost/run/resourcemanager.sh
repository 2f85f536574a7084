#!/bin/sh
# Written by smartcar: becomes resourcemanager on localhost.
cd /site/smartcar-data/services/data/resourcemanager || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
HADOOP_CONF_DIR=/site/smartcar-data/services/conf/hadoop; export HADOOP_CONF_DIR
HADOOP_HOME=/site/smartcar-data/services/software/hadoop; export HADOOP_HOME
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx384m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError --add-opens=java.base/java.lang=ALL-UNNAMED -cp '/site/smartcar-data/services/conf/hadoop:/site/smartcar-data/services/software/hadoop/lib/*:/site/smartcar-data/services/software/hadoop/extra/*' org.apache.hadoop.yarn.server.resourcemanager.ResourceManager
