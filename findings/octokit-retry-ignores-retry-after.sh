#!/usr/bin/env bash
# @octokit/plugin-retry 8.1.1 with @octokit/core 7.0.8 (npm), GitHub's own client for JavaScript, against a server that is down for a
# while.
#
# Guess: after "503" with "Retry-After: 4" the second attempt waits four seconds, as GitHub's documentation tells clients to do.
# Behavior: the plugin doesn't read the header. The second attempt follows after one second, the next ones after four and nine: if
# the server needs a minute, all attempts fail within 15 seconds, and so does the request.
# Output seen:
#   attempts: 2, less than 3 seconds between them
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @octokit/core@7.0.8 @octokit/plugin-retry@8.1.1 >/dev/null 2>&1
cat > try.mjs <<'JS'
import http from 'node:http'
import {Octokit} from '@octokit/core'
import {retry} from '@octokit/plugin-retry'
const times = []
const server = http.createServer((request, response) => {
  times.push(Date.now())
  response.writeHead(times.length === 1 ? 503 : 200, {'Retry-After': '4', 'Content-Type': 'application/json'})
  response.end('{}')
}).listen(0, '127.0.0.1', async () => {
  const client = new (Octokit.plugin(retry))({baseUrl: `http://127.0.0.1:${server.address().port}`})
  await client.request('GET /repos/acme/widget/releases')
  console.log('attempts:', times.length, times[1] - times[0] < 3000 ? 'early' : 'in time')
  server.close()
})
JS
found=$(node try.mjs)
echo "$found"
[ "$found" = "attempts: 2 early" ]
