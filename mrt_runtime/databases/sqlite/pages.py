"""SQLite's database file as pages, so that a table whose pages are the same need not be read again.

A table is a tree of pages from its root page, with chains of overflow pages for long rows, and nothing else
(https://sqlite.org/fileformat2.html#b_tree_pages): where all of them hold the same bytes, all rows are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

INTERIOR_INDEX, INTERIOR_TABLE, LEAF_TABLE = 2, 5, 13
# the version at byte 18 of the header (https://www.sqlite.org/fileformat.html)
WAL = 2
LONGEST = 64 * 2**20  # bytes; a longer file is not kept in memory from one look to the next


@dataclass(frozen=True, slots=True)
class FileImage:
    """A database file, page by page; pages are numbered from 1."""

    all_pages: tuple[bytes, ...]

    @classmethod
    def of(cls, content: bytes) -> FileImage:
        """Cut the bytes of a file into pages, whose size is in its header."""
        size = int.from_bytes(content[16:18], "big")
        # the two bytes of the header cannot hold 65,536
        size = 65536 if size == 1 else size
        return cls(tuple(content[at : at + size] for at in range(0, len(content), size)))

    def page(self, number: int) -> bytes:
        """Return one page."""
        return self.all_pages[number - 1]

    def changed_since(self, earlier: FileImage) -> frozenset[int]:
        """Find the numbers of the pages that are not what they were, or are only in one of the two."""
        pairs = zip_longest(self.all_pages, earlier.all_pages)
        return frozenset(number for number, (now, then) in enumerate(pairs, start=1) if now != then)

    def pages(self, root: int) -> tuple[int, ...]:
        """Find the numbers of the pages that hold the tree from this root page."""
        found, waiting = [], [root]
        while waiting:
            number = waiting.pop()
            found.append(number)
            children, overflows = self._links(self.page(number))
            waiting += children
            for overflow in overflows:
                found += self._chain(overflow)
        return tuple(found)

    def _chain(self, number: int) -> Iterator[int]:
        while number:
            yield number
            number = int.from_bytes(self.page(number)[:4], "big")

    def _links(self, page: bytes) -> tuple[list[int], list[int]]:
        """Read which pages a page of a tree refers to: its children, and the first overflow pages of its rows."""
        kind = page[0]
        is_interior = kind in {INTERIOR_INDEX, INTERIOR_TABLE}
        cells = int.from_bytes(page[3:5], "big")
        pointers = 12 if is_interior else 8
        children = [int.from_bytes(page[8:12], "big")] if is_interior else []
        overflows = []
        for at in range(pointers, pointers + 2 * cells, 2):
            cell = int.from_bytes(page[at : at + 2], "big")
            if is_interior:
                children.append(int.from_bytes(page[cell : cell + 4], "big"))
                cell += 4
            if kind != INTERIOR_TABLE:
                length, cell = _varint(page, cell)
                if kind == LEAF_TABLE:
                    _, cell = _varint(page, cell)
                local = self._local(length, is_table=kind == LEAF_TABLE)
                if local < length:
                    overflows.append(int.from_bytes(page[cell + local : cell + local + 4], "big"))
        return children, overflows

    def _local(self, length: int, *, is_table: bool) -> int:
        """Return how many bytes of a row are in the tree itself (the format's X, M and K)."""
        header = self.page(1)
        # byte 20 of the header: what each page keeps free at its end, for extensions
        usable = len(header) - header[20]
        most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
        if length <= most:
            return length
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        return local if local <= most else least


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """Read a variable-length number of up to nine bytes, and return it with the place where it ends."""
    value = 0
    for end in range(at, at + 8):
        value = value << 7 | page[end] & 0x7F
        if page[end] < 0x80:  # noqa: PLR2004  # the high bit means that more follows
            return value, end + 1
    return value << 8 | page[at + 8], at + 9


def take_image(raw: Any) -> FileImage | None:
    """Copy the file behind a DBAPI connection, in a read transaction during which nothing else can write.

    None where the file alone is not enough: a database in memory or in WAL mode, a transaction of the caller's own, or a file
    too long to keep.
    """
    if raw.in_transaction:
        return None
    path = next((row[2] for row in raw.execute("PRAGMA database_list") if row[1] == "main"), "")
    if not path or Path(path).stat().st_size > LONGEST:
        return None
    raw.execute("BEGIN")
    try:
        # BEGIN alone takes no lock: the first SELECT does
        raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        content = Path(path).read_bytes()
    finally:
        raw.execute("ROLLBACK")
    # in WAL mode the newest pages are in another file
    return FileImage.of(content) if content and content[18] != WAL else None
