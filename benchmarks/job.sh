#!/usr/bin/env bash
# What people write without Shipline: five calls with curl and jq. Needs URL, KEY and CURL_CA_BUNDLE.
set -euo pipefail

ask() {
  curl --silent --show-error --fail --header "X-ApiKey: $KEY" "$@"
}

release=$(ask --get "$URL/api/releases" --data-urlencode applicationName=Widget --data-urlencode releaseNumber=1.4 \
  | jq --raw-output '.[0].id')
build=$(ask --get "$URL/api/releases/builds" --data-urlencode "releaseId=$release" --data-urlencode buildNumber=7 \
  | jq --raw-output '.[0].id // empty')
if [ -z "$build" ]; then
  build=$(ask "$URL/api/releases/builds/create" --data-urlencode "releaseId=$release" --data-urlencode buildNumber=7 \
    | jq --raw-output .id)
fi
running=$(ask --get "$URL/api/releases/builds/deployments" --data-urlencode "buildId=$build" \
  --data-urlencode pipelineStageName=Testing | jq length)
if [ "$running" = 0 ]; then
  ask "$URL/api/releases/builds/deploy" --data-urlencode "buildId=$build" --data-urlencode toStage=Testing \
    | jq --raw-output '.[0].id'
fi
