@echo off
call "%~sdp0..\wso2\business-process\bin\wso2server.bat" %*
