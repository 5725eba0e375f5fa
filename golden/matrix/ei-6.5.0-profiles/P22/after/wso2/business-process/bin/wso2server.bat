@echo off
rem ---------------------------------------------------------------------------
rem Starts the server. JAVA_HOME must name a JDK; JAVA_OPTS adds options.
rem ---------------------------------------------------------------------------
if "%JAVA_HOME%" == "" goto noJavaHome
if not exist "%JAVA_HOME%\bin\java.exe" goto noJavaHome
goto checkServer

:noJavaHome
echo "You must set the JAVA_HOME variable before running the server."
goto end

:checkServer
if "%CARBON_HOME%"=="" set CARBON_HOME=%~sdp0..
SET curDrive=%cd:~0,1%
set CMD=RUN %*
if ""%1""==""--debug"" goto commandDebug
goto runServer

:commandDebug
shift
set DEBUG_PORT=%1
set JAVA_OPTS=-Xdebug -Xnoagent -Djava.compiler=NONE -Xrunjdwp:transport=dt_socket,server=y,suspend=y,address=%DEBUG_PORT%

:runServer
cd %CARBON_HOME%
rem set CMD_LINE_ARGS=-Xmx512m -Dhttpclient.hostnameVerifier=AllowAll
set CMD_LINE_ARGS=-Xbootclasspath/a:%CARBON_XBOOTCLASSPATH% -Xms512m -Xmx2048m -XX:+HeapDumpOnOutOfMemoryError -XX:HeapDumpPath="%CARBON_HOME%\repository\logs\heap-dump.hprof"  -Dcom.sun.management.jmxremote -classpath %CARBON_CLASSPATH% %JAVA_OPTS% -Dcarbon.registry.root=/ -Dcarbon.home="%CARBON_HOME%" -Dwso2.server.standalone=true -Djava.command="%JAVA_HOME%\bin\java" -Djava.opts="%JAVA_OPTS%" -Djava.io.tmpdir="%CARBON_HOME%\tmp" -Dcarbon.config.dir.path="%CARBON_HOME%\conf"  -Dconf.location="%CARBON_HOME%\conf" -Dcom.sun.jndi.ldap.connect.pool.timeout=3000 -Dorg.terracotta.quartz.skipUpdateCheck=true -Dcarbon.classpath=%CARBON_CLASSPATH% -Dfile.encoding=UTF8 -DworkerNode=false -Dlogger.server.name="EI-Business-Process" -Dhttpclient.hostnameVerifier="DefaultAndLocalhost"

:runJava
echo JAVA_HOME environment variable is set to %JAVA_HOME%
"%JAVA_HOME%\bin\java" %CMD_LINE_ARGS% org.wso2.carbon.bootstrap.Bootstrap %CMD%
if "%ERRORLEVEL%"=="121" goto runJava
:end
goto endlocal

:endlocal

:END
