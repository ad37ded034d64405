"""State in one SQLite file, so that separate processes and CI jobs share it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Doc = dict[str, Any]
Key = int | str

_TABLES = """
CREATE TABLE IF NOT EXISTS record (kind TEXT NOT NULL, id NOT NULL, doc TEXT NOT NULL, UNIQUE (kind, id));
CREATE TABLE IF NOT EXISTS file (path TEXT PRIMARY KEY, content BLOB NOT NULL);
"""


class Store:
    """A SQLite file in WAL mode. Each transaction has a connection to itself and holds the write lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        connection = self._connect()
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_TABLES)
        self._idle.append(connection)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous=OFF")  # losing the state is harmless: start the sandbox again
        return connection

    def open(self) -> Session:
        """Begin a transaction; end it with ``Session.end``."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            connection.close()
            raise
        return Session(connection, self._take_back)

    def _take_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:  # by then, a request can still be in progress
            connection.close()
        else:
            self._idle.append(connection)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Run the block in a transaction: committed at its end, rolled back if it raises."""
        session = self.open()
        try:
            yield session
        except BaseException:
            session.end(keep=False)
            raise
        session.end(keep=True)


class Session:
    """Records by kind and id within one transaction. Documents are copies: ``save`` the changed ones."""

    def __init__(self, connection: sqlite3.Connection, give_back: Callable[[sqlite3.Connection], None]) -> None:
        self._connection = connection
        self._give_back = give_back

    def end(self, *, keep: bool) -> None:
        """Commit or roll back, and leave the connection to the next transaction."""
        try:
            self._connection.execute("COMMIT" if keep else "ROLLBACK")
        except BaseException:
            self._connection.close()
            raise
        self._give_back(self._connection)

    def add(self, kind: str, doc: Doc) -> Doc:
        """Store a new document and return it; without an ``id`` it gets the next number of its kind."""
        if "id" not in doc:
            (last,) = self._connection.execute("SELECT max(id) FROM record WHERE kind = ?", (kind,)).fetchone()
            doc = {"id": (last or 0) + 1, **doc}
        return self.save(kind, doc)

    def save(self, kind: str, doc: Doc) -> Doc:
        """Store a document under its ``id``, replacing an existing one."""
        self._connection.execute(
            "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc",
            (kind, doc["id"], json.dumps(doc)),
        )
        return doc

    def find(self, kind: str, key: Key) -> Doc | None:
        try:
            row = self._connection.execute("SELECT doc FROM record WHERE kind = ? AND id = ?", (kind, key)).fetchone()
        except (UnicodeEncodeError, OverflowError):
            return None  # larger than SQLite's integers
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> list[Doc]:
        """Return every document of a kind, oldest first."""
        rows = self._connection.execute("SELECT doc FROM record WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(doc) for (doc,) in rows]

    def drop(self, kind: str, key: Key | None = None) -> None:
        """Remove one document, or without a key all of the kind."""
        if key is None:
            self._connection.execute("DELETE FROM record WHERE kind = ?", (kind,))
        else:
            self._connection.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, key))

    def clear(self) -> None:
        self._connection.execute("DELETE FROM record")
        self._connection.execute("DELETE FROM file")

    def value(self, name: str, default: Any = None) -> Any:
        doc = self.find("value", name)
        return doc["value"] if doc else default

    def set_value(self, name: str, value: Any) -> None:
        self.save("value", {"id": name, "value": value})

    def put_file(self, path: str, content: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO file VALUES (?, ?)", (path, content))

    def write_file(self, path: str, size: int, chunks: Iterable[bytes]) -> None:
        """Store ``size`` bytes from chunks."""
        self._connection.execute("INSERT OR REPLACE INTO file VALUES (?, zeroblob(?))", (path, size))
        (row,) = self._connection.execute("SELECT rowid FROM file WHERE path = ?", (path,)).fetchone()
        with self._connection.blobopen("file", "content", row) as blob:
            for chunk in chunks:
                blob.write(chunk)

    def drop_file(self, path: str) -> bool:
        """Remove a file and return whether it existed."""
        return self._connection.execute("DELETE FROM file WHERE path = ?", (path,)).rowcount > 0

    def file(self, path: str) -> bytes | None:
        row = self._connection.execute("SELECT content FROM file WHERE path = ?", (path,)).fetchone()
        return row[0] if row else None

    def files(self) -> list[Doc]:
        rows = self._connection.execute("SELECT path, length(content) FROM file ORDER BY path")
        return [{"path": path, "size": size} for path, size in rows]
