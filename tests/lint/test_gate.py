from __future__ import annotations

import pytest

from mrt_lint.gate import MigrationHeader, is_migration, read_header

PLAIN = b"revision = 'a1'\ndown_revision = None\n"


@pytest.mark.parametrize(
    "source",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b"\n", b"\r"),
        b'"""doc"""\nfrom typing import Union\nrevision: str = "a1"\ndown_revision: Union[str, None] = None\n',
        b"revision, down_revision = 'a1', None\n",
        b"down_revision = revision = None\n",
        b"# coding: latin-1\n# \xe9\n" + PLAIN,
        PLAIN + b"def upgrade(:\n",
    ],
)
def test_lets_every_spelling_of_a_migration_pass(source):
    assert is_migration(source)


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"revision = 'a1'\n",
        b"# revision and down_revision = what Alembic wants\n",
        b"def f(revision, down_revision):\n    revision = down_revision\n",
        b"print(revision)\ndown_revisions = []\n",
    ],
)
def test_stops_what_is_no_migration(source):
    assert not is_migration(source)


@pytest.mark.parametrize(
    ("source", "header"),
    [
        (PLAIN, MigrationHeader("a1")),
        (b"# c\nrevision: str = 'a2'  # mine\ndown_revision: Union[str, None] = 'a1'\n", MigrationHeader("a2", ("a1",), line=2)),
        (b"revision = ('a3')\ndown_revision = (\n    'a1',\n    'a2',\n)\n", MigrationHeader("a3", ("a1", "a2"))),
        (
            b"revision = 'a'\r\ndown_revision = ['b']\r\nbranch_labels = ('x',)\r\ndepends_on = 'c'\r\n",
            MigrationHeader("a", ("b",), ("x",), ("c",)),
        ),
        (b"revision = 'a'\ndown_revision = 'b'\ndef upgrade(:\n    revision = 'c'\n", MigrationHeader("a", ("b",))),
    ],
)
def test_reads_the_header_of_files_that_need_not_parse(source, header):
    assert read_header(source) == header


@pytest.mark.parametrize("source", [b"", b"revision = make()\ndown_revision = None\n", b"revision == 'a'\n", b"revision = None\n"])
def test_gives_no_header_without_a_plain_revision(source):
    assert read_header(source) is None
