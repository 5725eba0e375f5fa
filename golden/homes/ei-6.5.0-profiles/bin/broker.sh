#!/bin/sh
# Hands over to the profile's own script.
PRGDIR=`dirname "$0"`
sh "$PRGDIR/../wso2/broker/bin/wso2server.sh" $*
