#!/usr/bin/env bash
# mdit-py-plugins 0.7.0 (gfm_autolink) on markdown-it-py 4.3.0, compared with cmark-gfm in cmarkgfm 2025.10.22 (all PyPI).
#
# Guess: the plugin for GFM's literal autolinks links the addresses that cmark-gfm links.
# Behavior: it looks at the character before the address, and links only after a blank, "*", "_", "~", "(" or at the start of a
# text. cmark-gfm also links after a quote, a ")" or an HTML tag. The plugin doesn't know the scheme ftp, and knows http and https in
# lowercase only. A preview of release notes made with it shows text where the service shows links. Only the last line is the same.
# Output seen (links found by cmark-gfm, links found by the plugin):
#   "https://a.example/q"           1 0
#   <b>https://a.example/q</b>      1 0
#   (#12)https://a.example/q        1 0
#   HTTPS://A.EXAMPLE/q             1 0
#   ftp://a.example/q               1 0
#   see https://a.example/q.        1 1
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet mdit-py-plugins==0.7.0 markdown-it-py==4.3.0 cmarkgfm==2025.10.22 2>/dev/null
cat > compare.py <<'PYTHON'
import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

plugin = MarkdownIt("commonmark").use(gfm_autolink_plugin)
lines = ['"https://a.example/q"', "<b>https://a.example/q</b>", "(#12)https://a.example/q", "HTTPS://A.EXAMPLE/q",
         "ftp://a.example/q", "see https://a.example/q."]
found = []
for line in lines:
    reference = cmarkgfm.github_flavored_markdown_to_html(line, Options.CMARK_OPT_UNSAFE)
    found.append((reference.count("<a href="), plugin.render(line).count("<a href=")))
    print(f"{line:30}", *found[-1])
assert found == [(1, 0)] * 5 + [(1, 1)]
PYTHON
tools/bin/python compare.py
