"""The three services Shipline drives, emulated over HTTP with state in SQLite."""
