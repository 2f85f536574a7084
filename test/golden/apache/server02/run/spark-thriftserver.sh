#!/bin/sh
# Written by smartcar: becomes spark-thriftserver on server02.
cd /opt/smartcar/data/spark-thriftserver || exit 1
for h in /usr/java/default "$JAVA_HOME"; do [ -n "$h" ] && [ -x "$h/bin/java" ] && break; h=; done
if [ -z "$h" ]; then j=$(command -v java) && j=$(readlink -f "$j") && h=${j%/bin/java}; fi
[ -n "$h" ] && [ -x "$h/bin/java" ] || { echo 'smartcar: there is no Java in services.java_home, /usr/java/default, JAVA_HOME or PATH' >&2; exit 127; }
JAVA_HOME=$h; export JAVA_HOME
HADOOP_CONF_DIR=/opt/smartcar/conf/hadoop; export HADOOP_CONF_DIR
SPARK_CONF_DIR=/opt/smartcar/conf/spark; export SPARK_CONF_DIR
SPARK_LOCAL_IP=10.0.0.2; export SPARK_LOCAL_IP
SPARK_HOME=/opt/smartcar/software/spark; export SPARK_HOME
exec "$JAVA_HOME/bin/java" -XX:+IgnoreUnrecognizedVMOptions -Xmx768m -Djava.net.preferIPv4Stack=true -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:+IgnoreUnrecognizedVMOptions --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.lang.invoke=ALL-UNNAMED --add-opens=java.base/java.lang.reflect=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.util.concurrent=ALL-UNNAMED --add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED --add-opens=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/sun.nio.cs=ALL-UNNAMED --add-opens=java.base/sun.security.action=ALL-UNNAMED --add-opens=java.base/sun.util.calendar=ALL-UNNAMED --add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED -Djdk.reflect.useDirectMethodHandle=false -Dio.netty.tryReflectionSetAccessible=true -cp '/opt/smartcar/conf/spark:/opt/smartcar/conf/hadoop:/opt/smartcar/software/spark/lib/*' org.apache.spark.deploy.SparkSubmit --class org.apache.spark.sql.hive.thriftserver.HiveThriftServer2 --name smartcar-thriftserver --properties-file /opt/smartcar/conf/spark/spark-defaults.conf spark-internal --hiveconf hive.server2.thrift.port=10016 --hiveconf hive.server2.thrift.bind.host=10.0.0.2
