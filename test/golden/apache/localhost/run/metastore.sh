#!/bin/sh
# Written by smartcar: becomes metastore on localhost.
cd /site/smartcar-data/services/data/metastore || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
HADOOP_CONF_DIR=/site/smartcar-data/services/conf/hadoop; export HADOOP_CONF_DIR
METASTORE_HOME=/site/smartcar-data/services/software/hive/metastore; export METASTORE_HOME
SMARTCAR_METASTORE_PASSWORD=$(cat /site/smartcar-data/services/secrets/postgres-metastore) || exit 1; export SMARTCAR_METASTORE_PASSWORD
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx256m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.lang.reflect=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.util.concurrent=ALL-UNNAMED --add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED --add-opens=java.base/java.util.regex=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/java.time=ALL-UNNAMED --add-opens=java.base/java.text=ALL-UNNAMED --add-opens=java.sql/java.sql=ALL-UNNAMED -Djava.io.tmpdir=/site/smartcar-data/services/data/metastore/tmp -Dderby.stream.error.file=/site/smartcar-data/services/data/metastore/derby.log -cp '/site/smartcar-data/services/conf/hive:/site/smartcar-data/services/conf/hive-metastore:/site/smartcar-data/services/conf/hadoop:/site/smartcar-data/services/software/hive/lib/*' org.apache.hadoop.hive.metastore.HiveMetaStore -p 9083
