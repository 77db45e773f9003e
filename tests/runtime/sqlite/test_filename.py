"""Which file a name means to SQLite, and which names a statement spells out."""

import contextlib
import sqlite3

import pytest

from mrt_runtime.databases.sqlite import filename
from mrt_runtime.databases.sqlite.attach import find_files
from mrt_runtime.databases.sqlite.filename import is_for_reading, is_inside, is_memory

MEMORY = [":memory:", "", "file::memory:", "file::memory:?cache=shared", "file:x?mode=memory", "file:x?mode=memory&cache=shared"]
NO_MEMORY = [
    "x",
    ":memory",
    ":MEMORY:",
    " :memory:",
    "file:x",
    "FILE::memory:",
    "file:x?mode=memory&mode=rwc",
    "file:x?mode=rwc&mode=memory",
    "file:x#?mode=memory",
    "file:x?a#&mode=memory",
    "file:x%3fmode=memory",
    "file:x%00?mode=memory",
    "file:x?mode=memory&vfs=unix",
    "file:x?mode=memoryx",
]


@pytest.mark.parametrize("name", MEMORY)
def test_memory_is_known_and_touches_no_file(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert is_memory(name, uri=True)
    with contextlib.closing(sqlite3.connect(name, uri=True)) as connection:
        connection.execute("CREATE TABLE x (a)")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NO_MEMORY)
def test_nothing_else_passes_for_memory(name):
    assert not is_memory(name, uri=True)


@pytest.mark.parametrize("name", [name for name in MEMORY if name.startswith("file:")])
def test_where_names_are_no_uris_a_uri_is_a_file_in_the_current_folder(monkeypatch, name):
    monkeypatch.setattr(filename, "ALWAYS_URI", False)
    assert not is_memory(name, uri=False)
    assert not is_for_reading("file:x?mode=ro&immutable=1", uri=False)


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("file:x?mode=ro&immutable=1", True),
        ("file:/a/x?immutable=1&mode=ro", True),
        ("file:x?mode=ro", False),
        ("file:x?immutable=1", False),
        ("file:x?mode=ro&immutable=1&mode=rw", False),
        ("file:x#?mode=ro&immutable=1", False),
        ("file:x%00?mode=ro&immutable=1", False),
    ],
)
def test_only_what_can_write_nothing_at_all_is_for_reading(name, is_so):
    assert is_for_reading(name, uri=True) is is_so


@pytest.fixture
def folders(tmp_path):
    for name in ("own", "theirs", "own/deep"):
        (tmp_path / name).mkdir()
    (tmp_path / "theirs" / "victim.db").touch()
    (tmp_path / "own" / "link.db").symlink_to(tmp_path / "theirs" / "victim.db")
    (tmp_path / "theirs" / "back.db").symlink_to(tmp_path / "own" / "main.db")
    (tmp_path / "own" / "out").symlink_to(tmp_path / "theirs")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "{own}/main.db",
        "{own}/not-yet.db",
        "{own}/../own/main.db",
        "{own}//main.db",
        "{own}/./main.db",
        "{own}/out/back.db",
        "file:{own}/main.db",
        "file://localhost{own}/main.db?mode=rw",
        "file:///{own}/m%61in.db#x",
    ],
)
def test_what_lies_in_the_folder_is_inside(folders, name):
    own = folders / "own"
    assert is_inside(name.format(own=own), own, uri=True)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "main.db",
        "{own}",
        "{own}/",
        "{own}/.",
        "{own}/..",
        "{own}/deep/x.db",
        "{own}/link.db",
        "{own}/out/victim.db",
        "{own}/../theirs/victim.db",
        "{own}x/main.db",
        "file:{own}/%2e%2e/theirs/victim.db",
        "file:{own}/../theirs/victim.db?{own}/main.db",
        "file:{own}/link.db",
        "file:/theirs/victim.db%00{own}/main.db",
        "file://elsewhere{own}/main.db",
        "file:main.db",
        "file:",
    ],
)
def test_what_leads_out_of_the_folder_is_outside(folders, monkeypatch, name):
    monkeypatch.chdir(folders / "theirs")
    own = folders / "own"
    assert not is_inside(name.format(own=own), own, uri=True)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("ATTACH 'x' AS o", ["x"]),
        ("attach database 'it''s' as o", ["it's"]),
        ('-- c\nATTACH/**/"x" AS o', ["x"]),
        ("ATTACH [x] AS o; DELETE FROM o.p; attach `y` as z", ["x", "y"]),
        ("ATTACH x AS o KEY 'secret'", ["x"]),
        ("VACUUM INTO 'x'", ["x"]),
        ("VACUUM main INTO 'x';", ["x"]),
        ("SELECT 1; /* ; */ VACUUM INTO 'x'", ["x"]),
        ("VACUUM", []),
        ("ATTACH '' || 'x' AS o", []),
        ("ATTACH ? AS o", []),
        ("ATTACH", []),
        ("VACUUM INTO", []),
        ("VACUUM INTO lower('x')", []),
        ("INSERT INTO log VALUES ('ATTACH ''x'' AS o')", []),
        ("UPDATE t SET a = 'x' -- ATTACH 'x' AS o", []),
        ("SELECT attach FROM vacuum", []),
        ("CREATE TABLE attach (vacuum TEXT)", []),
    ],
)
def test_the_names_that_statements_spell_out_are_read(text, files):
    assert find_files(text) == files
