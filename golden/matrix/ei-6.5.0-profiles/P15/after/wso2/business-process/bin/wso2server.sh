#!/bin/sh
# -----------------------------------------------------------------------------
# Starts the server.
#
#   JAVA_HOME       a JDK
#   JAVA_OPTS       more options for the virtual machine
#   JVM_MEM_OPTS    heap sizes, instead of the ones below
#
# Commands: start, stop, restart, run, --debug PORT, version
# -----------------------------------------------------------------------------

cygwin=false
case "`uname`" in
CYGWIN*) cygwin=true ;;
esac

# follow links to the script itself
PRG="$0"
while [ -h "$PRG" ]; do
    ls=`ls -ld "$PRG"`
    link=`expr "$ls" : '.*-> \(.*\)$'`
    if expr "$link" : '/.*' > /dev/null; then
        PRG="$link"
    else
        PRG=`dirname "$PRG"`/"$link"
    fi
done
PRGDIR=`dirname "$PRG"`
[ -z "$CARBON_HOME" ] && CARBON_HOME=`cd "$PRGDIR/.." ; pwd`

if [ -z "$JAVACMD" ]; then
    if [ -n "$JAVA_HOME" ]; then
        if [ -x "$JAVA_HOME/jre/sh/java" ]; then
            JAVACMD="$JAVA_HOME/jre/sh/java"
        else
            JAVACMD="$JAVA_HOME/bin/java"
        fi
    else
        JAVACMD=java
    fi
fi

if [ -e "$CARBON_HOME/wso2carbon.pid" ]; then
    PID=`cat "$CARBON_HOME"/wso2carbon.pid`
fi

args=""
for c in $*
do
    if [ "$c" = "--debug" ] || [ "$c" = "-debug" ]; then
        CMD="--debug"
        continue
    elif [ "$CMD" = "--debug" ] && [ -z "$PORT" ]; then
        PORT=$c
    elif [ "$c" = "start" ] || [ "$c" = "stop" ] || [ "$c" = "run" ]; then
        CMD="$c"
    else
        args="$args $c"
    fi
done

if [ "$CMD" = "--debug" ]; then
    if [ "$PORT" = "" ]; then
        echo "Please give the debug port after --debug"
        exit 1
    fi
    CMD="RUN"
    JAVA_OPTS="-Xdebug -Xnoagent -Djava.compiler=NONE -Xrunjdwp:transport=dt_socket,server=y,suspend=y,address=$PORT"
    echo "Waiting for a debugger at $PORT"
elif [ "$CMD" = "start" ]; then
    if [ -n "$PID" ] && ps -p "$PID" > /dev/null; then
        echo "Process is already running"
        exit 0
    fi
    export CARBON_HOME="$CARBON_HOME"
    nohup sh "$0" $args > /dev/null 2>&1 &
    exit 0
elif [ "$CMD" = "stop" ]; then
    kill -term "$PID"
    exit 0
fi

java_version=`$JAVACMD -version 2>&1 | head -1`
jdk_17=false
case "$java_version" in
*1.7*) jdk_17=true ;;
esac

CARBON_XBOOTCLASSPATH=""
for f in "$CARBON_HOME"/lib/xboot/*.jar
do
    if [ "$f" != "$CARBON_HOME/lib/xboot/*.jar" ]; then
        CARBON_XBOOTCLASSPATH="$CARBON_XBOOTCLASSPATH":$f
    fi
done
JAVA_ENDORSED_DIRS="$CARBON_HOME/lib/endorsed":"$JAVA_HOME/jre/lib/endorsed":"$JAVA_HOME/lib/endorsed"
CARBON_CLASSPATH="$CARBON_HOME/lib"
for t in "$CARBON_HOME"/bin/*.jar
do
    CARBON_CLASSPATH="$CARBON_CLASSPATH":$t
done

if $cygwin; then
    CARBON_HOME=`cygpath --absolute --windows "$CARBON_HOME"`
fi

echo JAVA_HOME environment variable is set to $JAVA_HOME
echo CARBON_HOME environment variable is set to "$CARBON_HOME"
cd "$CARBON_HOME"

TMP_DIR="$CARBON_HOME/tmp"
if [ -d "$TMP_DIR" ]; then
    rm -rf "$TMP_DIR"/*
fi

# 121 asks for a start again
START_EXIT_STATUS=121
status=$START_EXIT_STATUS

if [ -z "$JVM_MEM_OPTS" ]; then
    JVM_MEM_OPTS="-Xms256m -Xmx1024m"
fi
echo "Using Java memory options: $JVM_MEM_OPTS"

# a line that starts with -D outside of the command below changes nothing:
# -Dhttpclient.hostnameVerifier=Strict
while [ "$status" = "$START_EXIT_STATUS" ]
do
    $JAVACMD \
    -Xbootclasspath/a:"$CARBON_XBOOTCLASSPATH" \
    $JVM_MEM_OPTS \
    -XX:+HeapDumpOnOutOfMemoryError \
    -XX:HeapDumpPath="$CARBON_HOME/repository/logs/heap-dump.hprof" \
    $JAVA_OPTS \
    -Dcom.sun.management.jmxremote \
    -classpath "$CARBON_CLASSPATH" \
    -Djava.io.tmpdir="$CARBON_HOME/tmp" \
    -Dwso2.server.standalone=true \
    -Dcarbon.registry.root=/ \
    -Djava.command="$JAVACMD" \
    -Dcarbon.home="$CARBON_HOME" \
    -Dcarbon.config.dir.path="$CARBON_HOME/../business-process/conf" \
    -Dconf.location="$CARBON_HOME/../business-process/conf"\
    -Dcom.sun.jndi.ldap.connect.pool.timeout=3000  \
    -Dorg.terracotta.quartz.skipUpdateCheck=true \
    -Djava.security.egd=file:/dev/./urandom \
    -Dfile.encoding=UTF8 \
    -Djava.net.preferIPv4Stack=true \
    -DworkerNode=false \
    -Dlogger.server.name="EI-Business-Process" \
    -Dhttpclient.hostnameVerifier="Strict" \
    org.wso2.carbon.bootstrap.Bootstrap $*
    status=$?
done
