#!/bin/sh
# Written by smartcar: becomes namenode on localhost.
cd /site/smartcar-data/services/data/namenode || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
HADOOP_CONF_DIR=/site/smartcar-data/services/conf/hadoop; export HADOOP_CONF_DIR
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx384m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -cp '/site/smartcar-data/services/conf/hadoop:/site/smartcar-data/services/software/hadoop/lib/*:/site/smartcar-data/services/software/hadoop/extra/*' org.apache.hadoop.hdfs.server.namenode.NameNode
