"""`mrt check --fix` and the files: every other byte, links, owners, permissions, and what others change meanwhile."""

from __future__ import annotations

import os
import stat

import pytest

from mrt_lint.fix import write
from tests.lint.fixing import ADD

WANTED = b'    op.drop_column("users", "a")'


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: f"# -*- coding: latin-1 -*-\n# \u00e4\u00f6\n{text}".encode("latin-1"),
        lambda text: f"# \u00e4 \U0001f600\n{text}".encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: f"{text}\n\n# the end \t\n".encode(),
        lambda text: text.replace("    ", "\t").encode(),
        lambda text: text.replace("def upgrade", "A  =  'x' ;B=\"y\"\n\x0c\ndef upgrade").encode(),
    ],
)
def test_every_other_byte_stays_as_it_was(users, spell):
    path = users.migration("a2", "a1", ADD)
    before = spell(path.read_text())
    path.write_bytes(before)
    users.mrt("check", "versions", "--fix")
    after = path.read_bytes()
    wanted = WANTED.replace(b"    ", b"\t") if b"\tpass" in before else WANTED
    assert after == before.replace(wanted.partition(b"op")[0] + b"pass", wanted)
    assert after != before
    users.mrt("check", "versions", "--fix")
    assert path.read_bytes() == after


def test_a_link_is_written_through_and_permissions_stay(users):
    path = users.migration("a2", "a1", ADD)
    real = users.root / "elsewhere.txt"
    path.rename(real)
    real.chmod(0o640)
    path.symlink_to(real)
    users.mrt("check", "versions", "--fix")
    assert path.is_symlink()
    assert WANTED in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in users.root.joinpath("versions").iterdir()) == ["a1.py", "a2.py"]


def test_a_hard_link_is_left_alone_as_its_other_name_would_not_change(users):
    path = users.migration("a2", "a1", ADD)
    other = users.root / "other.txt"
    other.hardlink_to(path)
    result = users.mrt("check", "versions", "--fix")
    said = "it is a hard link, and the file's other names would keep what it was"
    assert (result.code, result.err) == (2, f"mrt check: versions/a2.py could not be written: {said}.\n")
    assert b"pass" in path.read_bytes()
    assert sorted(path.name for path in users.root.joinpath("versions").iterdir()) == ["a1.py", "a2.py"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(users):
    path = users.migration("a2", "a1", ADD)
    os.chown(path, 1234, 4321)
    users.mrt("check", "versions", "--fix")
    assert WANTED in path.read_bytes()
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes files of others")
def test_a_file_that_cannot_keep_its_owner_is_left_alone(users, monkeypatch):
    path = users.migration("a2", "a1", ADD)
    os.chown(path, 1234, -1)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    result = users.mrt("check", "versions", "--fix")
    assert (result.code, result.err) == (2, "mrt check: versions/a2.py could not be written: it belongs to another user.\n")
    assert b"pass" in path.read_bytes()


def test_a_file_that_may_not_be_written_is_named_and_the_others_are_fixed(users):
    locked = users.migration("a2", "a1", ADD)
    other = users.migration("a3", "a2", ADD.replace('"a"', '"b"'))
    locked.chmod(0o444)
    result = users.mrt("check", "versions", "--fix")
    assert (result.code, result.err) == (2, "mrt check: versions/a2.py could not be written: it is read-only.\n")
    assert b"pass" in locked.read_bytes()
    assert b'op.drop_column("users", "b")' in other.read_bytes()
    assert "Fixed 1 finding in 1 file:\n  versions/a3.py: MRT102 noop-downgrade\n" in result.out


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b"# edited\n"), "was changed since it was read: it was left alone, run"),
        (lambda path: path.unlink(), "no longer exists since it was read: nothing was written."),
    ],
)
def test_a_file_that_somebody_changes_meanwhile_is_left_alone(users, monkeypatch, meanwhile, why):
    path = users.migration("a2", "a1", ADD)
    replace = write._replace

    def late(target, before, after):
        meanwhile(path)
        kept.append(path.read_bytes() if path.exists() else None)
        replace(target, before, after)

    kept: list[bytes | None] = []
    monkeypatch.setattr(write, "_replace", late)
    result = users.mrt("check", "versions", "--fix")
    assert result.code == 2
    assert f"versions/a2.py {why}" in result.err
    assert (path.read_bytes() if path.exists() else None) == kept[0]
    assert not list(users.root.glob("versions/.*"))


def test_a_failure_while_writing_leaves_the_file_and_no_other(users, monkeypatch):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    result = users.mrt("check", "versions", "--fix")
    assert (result.code, result.err) == (2, "mrt check: versions/a2.py could not be written: No space left on device.\n")
    assert path.read_bytes() == before
    assert sorted(path.name for path in users.root.joinpath("versions").iterdir()) == ["a1.py", "a2.py"]


def test_a_folder_that_may_not_be_written_is_named(users, monkeypatch):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(write.tempfile, "mkstemp", refuse)
    result = users.mrt("check", "versions", "--fix")
    said = "mrt check: versions/a2.py could not be written: nothing can be written in its folder (Permission denied).\n"
    assert (result.code, result.err, path.read_bytes()) == (2, said, before)
