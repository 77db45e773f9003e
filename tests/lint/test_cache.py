from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mrt_lint.cache.store import _MAX_ENTRIES, FOLDER, DiskCache, digest, fingerprint


@pytest.fixture
def cache(tmp_path):
    return DiskCache(tmp_path)


def test_gives_back_what_was_put_under_the_same_key_only(cache, tmp_path):
    cache.put("entry", "key", "text\nmore\n")
    assert cache.get("entry", "key") == "text\nmore\n"
    assert DiskCache(tmp_path).get("entry", "key") == "text\nmore\n"
    assert cache.get("entry", "other key") is None
    assert cache.get("other entry", "key") is None


def test_keeps_itself_out_of_version_control_and_of_backups(cache, tmp_path):
    cache.put("entry", "key", "text")
    assert (tmp_path / FOLDER / ".gitignore").read_text() == "*\n"
    assert (tmp_path / FOLDER / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


@pytest.mark.parametrize("damage", [b"", b"\n", b"\xff\xfe\x00", b"mrt 0\ntext", b"\x80\x04K\x01."])
def test_a_damaged_entry_does_not_open_and_is_written_anew(cache, tmp_path, damage):
    cache.put("entry", "key", "text")
    (tmp_path / FOLDER / "entry").write_bytes(damage)
    assert cache.get("entry", "key") is None
    cache.put("entry", "key", "text")
    assert cache.get("entry", "key") == "text"


def test_one_changed_letter_is_noticed(cache, tmp_path):
    cache.put("entry", "key", "text")
    file = tmp_path / FOLDER / "entry"
    file.write_text(re.sub("text$", "test", file.read_text()))
    assert cache.get("entry", "key") is None


def test_a_entry_of_another_version_does_not_open(cache, tmp_path):
    cache.put("entry", "key", "text")
    stranger = DiskCache(tmp_path)
    stranger.fingerprint = "another"
    assert stranger.get("entry", "key") is None


def test_the_code_of_the_tool_is_part_of_the_fingerprint():
    from mrt_lint import gate

    before = fingerprint()
    assert before == fingerprint()
    stat = Path(gate.__file__).stat()
    os.utime(gate.__file__, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    try:
        assert fingerprint() != before
    finally:
        os.utime(gate.__file__, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("obstacle", ["file", "dangling link", "missing root"])
def test_where_nothing_can_be_kept_it_does_without(tmp_path, obstacle):
    root = tmp_path / "root"
    if obstacle != "missing root":
        root.mkdir()
    if obstacle == "file":
        (root / FOLDER).write_text("in the way")
    if obstacle == "dangling link":
        (root / FOLDER).symlink_to(root / "nowhere")
    cache = DiskCache(root)
    cache.put("entry", "key", "text")
    assert cache.get("entry", "key") is None


def test_without_a_root_nothing_is_kept():
    cache = DiskCache(None)
    cache.put("entry", "key", "text")
    assert cache.get("entry", "key") is None


def test_leaves_no_scratch_files_and_grows_no_further_than_its_bound(cache, tmp_path):
    for number in range(_MAX_ENTRIES + 5):
        cache.put(f"entry-{number}", "key", "text")
        os.utime(tmp_path / FOLDER / f"entry-{number}", (number, number))
    names = {entry.name for entry in os.scandir(tmp_path / FOLDER)} - {".gitignore", "CACHEDIR.TAG"}
    assert len(names) == _MAX_ENTRIES
    assert f"entry-{_MAX_ENTRIES + 4}" in names
    assert "entry-0" not in names


def test_parts_are_kept_apart():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab") == digest(b"ab")
