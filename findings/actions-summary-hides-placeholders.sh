#!/usr/bin/env bash
# @actions/core 3.0.1 (npm), its job summary, shown by cmark-gfm 2025.10.22 (cmarkgfm on PyPI) and read as a browser reads HTML.
#
# Guess: addCodeBlock() shows the code as it is.
# Behavior: it writes the code into <pre><code> without escaping it: "<version>" is a tag there, and readers see "widget --to  now".
# A fenced block written by addRaw() shows the code.
# Output seen:
#   addCodeBlock: widget --to  now
#   addRaw, fenced: widget --to <version> now
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @actions/core@3.0.1 >/dev/null 2>&1
python3 -m venv tools
tools/bin/pip install --quiet cmarkgfm==2025.10.22 2>/dev/null
cat > write.mjs <<'JS'
import {summary} from '@actions/core'
const code = 'widget --to <version> now'
if (process.argv[2] === 'addCodeBlock') summary.addCodeBlock(code, 'sh')
else summary.addRaw('```sh\n' + code + '\n```\n')
await summary.write()
JS
cat > read.py <<'PYTHON'
import sys
from html.parser import HTMLParser
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

class Text(HTMLParser):
    def handle_data(self, data):
        print(data, end="")

Text().feed(github_flavored_markdown_to_html(sys.stdin.read(), options=Options.CMARK_OPT_UNSAFE))
PYTHON
for name in addCodeBlock addRaw; do
    : > "$name.md"
    GITHUB_STEP_SUMMARY=$name.md node write.mjs "$name"
    echo "$name: $(tools/bin/python read.py < "$name.md")"
done | tee found
[ "$(cat found)" = "addCodeBlock: widget --to  now
addRaw: widget --to <version> now" ]
