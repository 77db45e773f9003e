"""A migration known by its header alone: its message and its place, without parsing the rest."""

from __future__ import annotations

import pytest

from mrt_lint.model.values import UNKNOWN, SourceSpan
from mrt_lint.parse.outline import outlines, read_message
from mrt_lint.parse.reading import BrokenFile, MigrationSource, read


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b'"""Add users\n\nRevision ID: a1\n"""\nx = (', "Add users"),
        (b"# -*- coding: utf-8 -*-\n\n'''\n\n  second line\n'''", "second line"),
        (b'\xef\xbb\xbf"""with a mark"""', "with a mark"),
        ("# coding: latin-1\n'ü'".encode("latin-1"), "ü"),
        (b'r"raw \\d"', "raw \\d"),
        (b"import os\n'''no docstring'''\n", ""),
        (b'f"""not {1} docstring"""', ""),
        (b'b"bytes"', ""),
        (b'"""never closed', ""),
        (b"# coding: nothing\n'x'", ""),
        (b"\xff\x00", ""),
        (b"", ""),
    ],
)
def test_the_message_is_read_from_whatever_file(source, message):
    assert read_message(source) == message


def test_only_an_unusual_header_is_worth_a_reading():
    sources = {
        "plain.py": b"revision = 'a'\ndown_revision = None\ndef upgrade(:\n",
        "constant.py": b"ONE = 'a'\nrevision = 'b'\ndown_revision = ONE\n",
        "one_line.py": b"revision, down_revision = 'c', 'b'\n",
        "broken.py": b"revision = make()\ndown_revision = None\ndef upgrade(:\n",
        "none.py": b"TEMPLATE = '''\nrevision = x\ndown_revision = y\n'''\n",
    }
    asked: list[str] = []

    def read_some(files):
        asked.extend(files)
        return {path: read(MigrationSource(path, content, None)) for path, content in files.items()}

    found = outlines(sources, read_some)
    assert asked == ["constant.py", "one_line.py", "broken.py", "none.py"]
    assert {path: (migration.revision, migration.down_revision) for path, migration in found.items() if path != "broken.py"} == {
        "plain.py": ("a", ()),
        "constant.py": ("b", ("a",)),
        "one_line.py": ("c", ("b",)),
        "none.py": (None, ()),
    }
    assert found["broken.py"].revision is UNKNOWN


def test_what_a_reading_cannot_tell_either_stays_as_the_header_says():
    broken = BrokenFile(place=SourceSpan(1, 1, 1, 1), reason="x")
    [found] = outlines({"a.py": b"revision = 'a'\ndown_revision = make()\n"}, lambda files: dict.fromkeys(files, broken)).values()
    assert (found.revision, found.down_revision) == ("a", UNKNOWN)
