"""The v3 releases API."""
