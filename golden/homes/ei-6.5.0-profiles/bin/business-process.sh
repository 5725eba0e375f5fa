#!/bin/sh
# Hands over to the profile's own script.
PRGDIR=`dirname "$0"`
sh "$PRGDIR/../wso2/business-process/bin/wso2server.sh" $*
