#!/usr/bin/env bash
# cryptlex-lexactivator 3.46.0 (PyPI), Python 3.11, against a server of the standard library over TLS.
#
# Guess: the client that apps carry reads a release's notes as any JSON reader does, so both ways to write a letter beyond
# ASCII are one text.
# Behavior: raw UTF-8 arrives, but \u00e4 loses its backslash, and the app shows "u00e4". Python's json.dumps and many
# servers write that form by default.
# Output seen:
#   raw UTF-8: 30 New ä
#   escaped: 30 New u00e4
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet cryptlex-lexactivator==3.46.0 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
cat > service.py <<'PYTHON'
import http.server
import json
import ssl
import sys

escaped = sys.argv[1] == "escaped"
release = {"id": "8c1d3a52-0d1f-4f7e-9d3b-5a3f6f3f0a11", "name": "2.0.0", "version": "2.0.0", "channel": "stable",
           "notes": "New ä", "private": False, "published": True, "archived": False, "totalFiles": 0, "files": [],
           "platforms": ["windows"], "productId": "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11", "tenantId": "t",
           "createdAt": "2026-11-01T00:00:00Z", "lastPublishedAt": "2026-11-01T00:00:00Z"}


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        text = "true" if path.endswith("/allowed") else json.dumps(release, ensure_ascii=escaped)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PYTHON
cat > app.py <<'PYTHON'
import sys
import threading
from cryptlex.lexactivator import LexActivator, LexActivatorException, PermissionFlags

try:
    LexActivator.SetProductId("27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11", PermissionFlags.LA_IN_MEMORY)
except LexActivatorException:
    pass  # the product's data is missing, which this check doesn't need
LexActivator.SetReleasePlatform("windows")
LexActivator.SetCryptlexHost(sys.argv[1])
LexActivator.SetLicenseKey("a-license-key-of-an-app")
LexActivator.SetReleaseVersion("1.0.0")
LexActivator.SetReleaseChannel("stable")
seen, done = [], threading.Event()
LexActivator.CheckReleaseUpdate(lambda status, release, _: (seen.extend((status, release.notes)), done.set()), 1, None)
assert done.wait(60)
print(*seen)
PYTHON
check() {
  rm -f port
  tools/bin/python service.py "$1" &
  local service=$!
  while [ ! -s port ]; do sleep 0.1; done
  PYTHONIOENCODING=utf-8 tools/bin/python app.py "https://127.0.0.1:$(cat port)"
  kill "$service"
  wait "$service" 2>/dev/null || true
}
{
  printf 'raw UTF-8: %s\n' "$(check raw)"
  printf 'escaped: %s\n' "$(check escaped)"
} | tee seen
diff seen - <<'EXPECTED'
raw UTF-8: 30 New ä
escaped: 30 New u00e4
EXPECTED
