"""Emulation of the three services that Shipline uses, over HTTP and with state in SQLite."""
