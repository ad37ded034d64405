"""Centercode's API: data packages, lookups, listeners, imports, feedback and releases."""
