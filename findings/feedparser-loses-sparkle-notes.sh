#!/usr/bin/env bash
# feedparser 6.0.14 (PyPI), reading an appcast of Sparkle (the update feed of macOS apps) with deltas and notes in two languages.
#
# Guess: the entry's enclosures have the one full download, and the links to the notes are there, or at least the first one or the
# last one.
# Behavior: the small delta files of earlier versions are among the enclosures, after the full one, with deltaFrom as the only
# difference. Of the links to notes nothing is left but {"xml:lang": "de"}: an element with an attribute loses its text, and it
# replaces the one before it. Without the attribute the link is a text.
# Output seen:
#   enclosures: Widget-1.10.zip, Widget-1.10-from-1.9.delta
#   notes: {'xml:lang': 'de'}
#   notes without xml:lang: https://dl.example.com/en.html
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet feedparser==6.0.14 2>/dev/null
cat > appcast.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:sparkle="http://www.andymatuschak.org/xml-namespaces/sparkle">
  <channel>
    <title>Widget</title>
    <item>
      <title>1.10</title>
      <sparkle:version>110</sparkle:version>
      <sparkle:releaseNotesLink>https://dl.example.com/en.html</sparkle:releaseNotesLink>
      <sparkle:releaseNotesLink xml:lang="de">https://dl.example.com/de.html</sparkle:releaseNotesLink>
      <enclosure url="https://dl.example.com/Widget-1.10.zip" length="1000" type="application/octet-stream"/>
      <sparkle:deltas>
        <enclosure url="https://dl.example.com/Widget-1.10-from-1.9.delta" length="10" type="application/octet-stream" sparkle:deltaFrom="109"/>
      </sparkle:deltas>
    </item>
  </channel>
</rss>
XML
cat > read.py <<'PYTHON'
import feedparser

text = open("appcast.xml").read()
entry = feedparser.parse(text).entries[0]
print("enclosures:", *(link.href.rpartition("/")[2] for link in entry.enclosures))
print("notes:", entry.sparkle_releasenoteslink)
one = "".join(line for line in text.splitlines(True) if "de.html" not in line)
print("notes without xml:lang:", feedparser.parse(one).entries[0].sparkle_releasenoteslink)
PYTHON
found=$(tools/bin/python read.py)
echo "$found"
[ "$found" = "enclosures: Widget-1.10.zip Widget-1.10-from-1.9.delta
notes: {'xml:lang': 'de'}
notes without xml:lang: https://dl.example.com/en.html" ]
