@echo off
call "%~sdp0..\wso2\broker\bin\wso2server.bat" %*
