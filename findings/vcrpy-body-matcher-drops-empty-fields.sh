#!/usr/bin/env bash
# vcrpy 9.4.2 with requests 2.32.5 (PyPI), record_mode "once".
#
# Guess: with "body" in match_on, a cassette answers only a form that has the recorded fields.
# Behavior: the matcher "body" parses forms, and parsing drops each field with an empty value. A recorded "endDate=", which
# clears a date, also matches a form without endDate, and one with another empty field. So a test can't notice that a
# program no longer clears a field. "raw_body" notices it. A changed value or a repeated field is noticed by both.
# Output seen:
#   body: as recorded: 200
#   body: without the empty field: 200
#   body: with another empty field: 200
#   body: another value: CannotOverwriteExistingCassetteException
#   raw_body: as recorded: 200
#   raw_body: without the empty field: CannotOverwriteExistingCassetteException
#   raw_body: with another empty field: CannotOverwriteExistingCassetteException
#   raw_body: another value: CannotOverwriteExistingCassetteException
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet vcrpy==9.4.2 requests==2.32.5 2>/dev/null
cat > play.py <<'PYTHON'
import http.server
import threading

import requests
import vcr


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/release"
forms = {
    "as recorded": {"id": "7", "endDate": ""},
    "without the empty field": {"id": "7"},
    "with another empty field": {"id": "7", "endDate": "", "title": ""},
    "another value": {"id": "8", "endDate": ""},
}
for matcher in ("body", "raw_body"):
    settings = {"record_mode": "once", "match_on": ["method", "uri", matcher]}
    with vcr.use_cassette(f"{matcher}.yaml", **settings):
        requests.post(url, data=forms["as recorded"])
    for name, form in forms.items():
        try:
            with vcr.use_cassette(f"{matcher}.yaml", **settings):
                result = requests.post(url, data=form).status_code
        except vcr.errors.CannotOverwriteExistingCassetteException as error:
            result = type(error).__name__
        print(f"{matcher}: {name}: {result}")
PYTHON
tools/bin/python play.py | tee seen
grep -qx "body: without the empty field: 200" seen
grep -qx "body: with another empty field: 200" seen
grep -q "^raw_body: without the empty field: CannotOverwrite" seen
