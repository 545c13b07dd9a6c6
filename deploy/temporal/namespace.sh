#!/bin/sh
# Makes Homeroom's namespace if it is missing. It may run any number of times.
set -eu

until temporal operator cluster health; do
  sleep 2
done
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$NAMESPACE_RETENTION"
fi
