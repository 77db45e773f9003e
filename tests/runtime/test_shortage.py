"""A machine that has run out of disk or memory says nothing about a migration."""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import asyncpg
import psycopg
import pymysql
import pytest
import sqlalchemy as sa

from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases import connect
from mrt_runtime.databases.shortage import find_shortage
from mrt_runtime.verify.run import telling_shortage
from mrt_runtime.verify.session import Verification

EXAMPLE = Path(__file__).parents[2] / "fixtures/projects/example"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full."),
        (sqlite3.OperationalError("disk I/O error"), "disk I/O error."),
        (psycopg.errors.DiskFull("could not extend file"), "could not extend file."),
        (psycopg.errors.OutOfMemory("out of memory"), "out of memory."),
        (asyncpg.exceptions.DiskFullError("could not extend file"), None),  # asyncpg's own reach nobody without their wrapping
        (
            pymysql.err.OperationalError(1021, "Disk full (/tmp); waiting for someone to free some space"),
            "Disk full (/tmp); waiting",
        ),
        (pymysql.err.OperationalError(1030, 'Got error 28 "No space left on device"'), "Got error 28"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device."),
        (sqlite3.OperationalError("no such table: disk"), None),
        (psycopg.errors.UndefinedTable("the disk is full"), None),
        (pymysql.err.OperationalError(1062, "Duplicate entry"), None),
        (ValueError(1021, "x"), None),
        (SystemExit(1021), None),
        (OSError(errno.ENOENT, "No such file"), None),
    ],
)
def test_a_shortage_is_told_from_other_errors(error, words):
    found = find_shortage(error)
    assert found is None if words is None else str(found).startswith(words)


def test_a_shortage_is_found_below_what_wraps_it():
    outer = sa.exc.OperationalError("INSERT", (), sqlite3.OperationalError("database or disk is full"))
    assert find_shortage(outer) == "database or disk is full."
    error = RuntimeError("importing failed")
    error.__cause__ = outer
    assert find_shortage(error) == "database or disk is full."


def test_rows_that_find_no_room_are_not_taken_for_refused_ones(tmp_path):
    with connect(f"sqlite:///{tmp_path}/x.db").make_scratch() as scratch, scratch.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        connection.exec_driver_sql("PRAGMA max_page_count = 3")
        with pytest.raises(ConfigurationError, match="run out of room: database or disk is full"):
            connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")


def test_a_copy_that_finds_no_room_ends_the_run_in_one_sentence(tmp_path, monkeypatch):
    shutil.copytree(EXAMPLE, tmp_path / "project")
    with Verification(MRTConfig(alembic_ini=str(tmp_path / "project/alembic.ini"), db_url="sqlite://")) as verification:

        def fill_up(*_, **_named):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(type(verification.runner), "approach", fill_up)
        with pytest.raises(ConfigurationError, match="run out of room: No space left on device"):
            verification.check("001")


@pytest.mark.parametrize(("number", "words"), [(errno.EMFILE, "No more files can be opened"), (errno.ENOSPC, "run out of room")])
def test_a_run_that_cannot_begin_says_what_is_short(number, words):
    with pytest.raises(ConfigurationError, match=words), telling_shortage():
        raise OSError(number, os.strerror(number))
    with pytest.raises(FileNotFoundError), telling_shortage():
        raise FileNotFoundError


def test_no_revision_is_blamed_when_the_disk_is_full(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "project")
    done = subprocess.run(
        [sys.executable, "-m", "mrt_lint", "verify"],
        cwd=tmp_path / "project",
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384)),
    )
    assert done.returncode == 2
    assert done.stderr.startswith("mrt verify: The database has run out of room: disk I/O error.")
    assert done.stderr.count("\n") == 1
    assert "failed" not in done.stdout


def test_an_error_whose_argument_is_a_mapping_is_read_by_the_state_in_it():
    """As pg8000 raises them; a mapping is no number, and cannot be looked for among numbers."""

    class Error(Exception):
        """What PEP 249 has a driver call its base."""

    assert find_shortage(Error({"S": "ERROR", "C": "53100", "M": "could not extend file"})) is not None
    assert find_shortage(Error({"S": "ERROR", "C": "23505", "M": "duplicate key"})) is None
