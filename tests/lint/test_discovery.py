from __future__ import annotations

import os
from pathlib import Path

import pytest

from mrt_lint.cli.files import find
from mrt_lint.files.discovery import HistoryFinder, VersionLocation, discover, read_histories, walk
from mrt_lint.settings import Settings
from mrt_lint.usage import UsageError


def lay(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def locations(root: Path, ini: str, *, section: str = "[alembic]") -> list[str]:
    (root / "alembic.ini").write_text(f"{section}\n{ini}")
    return [str(location.folder.relative_to(root)) for history in read_histories(root / "alembic.ini") for location in history]


@pytest.mark.parametrize(
    ("ini", "expected"),
    [
        ("script_location = migrations", ["migrations/versions"]),
        ("script_location = %(here)s/migrations", ["migrations/versions"]),
        ("script_location = ./db/../migrations/", ["migrations/versions"]),
        ("script_location = a\nversion_locations = a/one a/two, %(here)s/three", ["a/one", "a/two", "three"]),
        ("script_location = a\nversion_locations =\n  a/one\n  a/two", ["a/one", "a/two"]),
        ("script_location = a\nversion_path_separator = space\nversion_locations = a/x,y a/two", ["a/x,y", "a/two"]),
        ("script_location = a\npath_separator = newline\nversion_locations =\n  a b\n  c", ["a b", "c"]),
        ("script_location = a\npath_separator = ;\nversion_locations = a/one;a/two", ["a/one", "a/two"]),
        (f"script_location = a\npath_separator = os\nversion_locations = a/one{os.pathsep}a/two", ["a/one", "a/two"]),
        ("script_location = app.db:migrations\nprepend_sys_path = lib", ["lib/app/db/migrations/versions"]),
        ("script_location = a\nsqlalchemy.url = postgresql://u:p%40@h/d\nfile_template = %%(rev)s", ["a/versions"]),
    ],
)
def test_reads_what_alembic_would_read(tmp_path, ini, expected):
    lay(tmp_path, "lib/app/db/migrations/env.py")
    assert locations(tmp_path, ini) == expected


@pytest.mark.parametrize(
    "case",
    [
        ("script_location = ./shop/migrations/", "shop/migrations/env.py", "shop/migrations/versions"),  # run from the root
        ("script_location = shop:db/core", "shop/db/core/env.py", "shop/db/core/versions"),  # the package that the file is in
        ("script_location = lib:db", "src/lib/db/env.py", "src/lib/db/versions"),
        ("script_location = a\nversion_locations = shop/one", "shop/one/1.py", "shop/one"),
        ("script_location = db", "shop/migrations/db/env.py", "shop/migrations/db/versions"),  # beside it, though above it is one
        ("script_location = gone", "x.py", "shop/migrations/gone/versions"),
    ],
)
@pytest.mark.parametrize("is_repository", [True, False])
def test_a_location_may_be_relative_to_a_folder_above(tmp_path, monkeypatch, case, is_repository):
    ini, env, expected = case
    lay(tmp_path, "p/shop/migrations/alembic.ini", "p/db/env.py", f"p/{env}", *(["p/.git/HEAD"] if is_repository else []))
    lay(tmp_path, "gone/versions/1.py")  # outside of the repository, or of the folder that it is run in
    monkeypatch.chdir(tmp_path / ("p/shop" if is_repository else "p"))
    (tmp_path / "p/shop/migrations/alembic.ini").write_text(f"[alembic]\n{ini}")
    [[location]] = read_histories(tmp_path / "p/shop/migrations/alembic.ini")
    assert str(location.folder.relative_to(tmp_path / "p")) == expected


def test_each_section_is_a_history_of_its_own(tmp_path):
    assert locations(tmp_path, "script_location = a\n[users]\nscript_location = b\n[loggers]\nkeys = root\n") == [
        "a/versions",
        "b/versions",
    ]


def test_pyproject_says_the_same(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/db"\nversion_locations = ["%(here)s/db/one", "two"]\nrecursive_version_locations = true\n'
    )
    assert read_histories(tmp_path / "pyproject.toml") == [
        (VersionLocation(tmp_path / "db/one", True), VersionLocation(tmp_path / "two", True))
    ]


@pytest.mark.parametrize("value", ["true", "True", "1", "yes", "on"])
def test_sub_folders_count_where_the_configuration_says_so(tmp_path, value):
    lay(tmp_path, "a/versions/1.py", "a/versions/2024/2.py")
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = a\nrecursive_version_locations = {value}\n")
    (location,) = discover(tmp_path)[0][0]
    assert [file.name for file in location.files()] == ["1.py", "2.py"]
    assert location.holds(tmp_path / "a/versions/2024/2.py")


def test_sub_folders_do_not_count_where_it_does_not(tmp_path):
    lay(tmp_path, "a/versions/1.py", "a/versions/old/2.py", "a/versions/__init__.py", "a/versions/.#1.py")
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = a\n")
    (location,) = discover(tmp_path)[0][0]
    assert [file.name for file in location.files()] == ["1.py"]
    assert not location.holds(tmp_path / "a/versions/old/2.py")


def test_the_nearest_configuration_above_counts_up_to_the_repository(tmp_path):
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = a\n")
    (tmp_path / "app/sub").mkdir(parents=True)
    assert discover(tmp_path / "app/sub")[1] == tmp_path / "alembic.ini"
    (tmp_path / "app/.git").mkdir()
    assert discover(tmp_path / "app/sub") == ([], None)


@pytest.mark.parametrize(
    "text", ["[alembic\n", "script_location = a\n", "[alembic]\nscript_location = %(there)s/a\n", b"\xff\xfe[alembic]"]
)
def test_a_configuration_that_cannot_be_read_is_one_sentence(tmp_path, text):
    (tmp_path / "alembic.ini").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match="cannot be read") as error:
        read_histories(tmp_path / "alembic.ini")
    assert "\n" not in str(error.value)


def test_walking_a_folder_leaves_out_what_is_not_the_users(tmp_path):
    lay(
        tmp_path,
        "b/1.py",
        "a.py",
        "c.txt",
        ".hidden/2.py",
        "env/pyvenv.cfg",
        "env/lib/3.py",
        "__pycache__/4.py",
        "node_modules/5.py",
    )
    assert [str(path.relative_to(tmp_path)) for path in walk(tmp_path)] == ["a.py", "b/1.py"]


def test_a_circle_of_links_ends(tmp_path):
    lay(tmp_path, "a/1.py")
    (tmp_path / "a/again").symlink_to(tmp_path)
    assert walk(tmp_path) == [tmp_path / "a/1.py"]


def neighbours(root: Path, file: str) -> set[str]:
    history = HistoryFinder().history(root / file)
    return {str(path.relative_to(root)) for location in history for path in location.files()}


def test_a_file_stands_among_all_that_its_configuration_declares(tmp_path):
    lay(tmp_path, "p/a/1.py", "p/b/2.py", "p/c/3.py")
    (tmp_path / "p/alembic.ini").write_text("[alembic]\nscript_location = x\nversion_locations = a b\n")
    assert neighbours(tmp_path, "p/a/1.py") == neighbours(tmp_path, "p/b/2.py") == {"p/a/1.py", "p/b/2.py"}
    assert neighbours(tmp_path, "p/c/3.py") == {"p/c/3.py"}


def test_without_a_configuration_its_versions_folder_counts_or_its_own(tmp_path):
    lay(
        tmp_path,
        "x/versions/new/expand/1.py",
        "x/versions/2.py",
        "y/db/env.py",
        "y/db/one/3.py",
        "y/db/two/4.py",
        "z/5.py",
        "z/sub/6.py",
    )
    assert neighbours(tmp_path, "x/versions/new/expand/1.py") == {"x/versions/new/expand/1.py", "x/versions/2.py"}
    assert neighbours(tmp_path, "y/db/one/3.py") == {"y/db/env.py", "y/db/one/3.py", "y/db/two/4.py"}
    assert neighbours(tmp_path, "z/5.py") == {"z/5.py"}


def test_a_broken_configuration_of_somebody_else_is_no_concern(tmp_path):
    lay(tmp_path, "p/versions/1.py")
    (tmp_path / "alembic.ini").write_text("[alembic\n")
    assert neighbours(tmp_path, "p/versions/1.py") == {"p/versions/1.py"}


def declare(root: Path, **files: str) -> None:
    for path, header in files.items():
        revision, _, parent = header.partition(" < ")
        file = root / f"{path.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"revision: str = '{revision}'\ndown_revision = {parent or None!r}\n")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sqlite__1": "a", "sqlite__2": "b < a", "postgresql__1": "a", "postgresql__2": "c < a"}, "versions/sqlite"),
        ({"sqlite__1": "a", "sqlite__deep__2": "b < a", "mysql__1": "a"}, "versions/sqlite"),
        ({"2023__1": "a", "2024__2": "b < a", "2024__copy": "a < b"}, "versions"),  # one history by years, a revision copied
        ({"core__1": "a", "core__2": "b < a", "audit__1": "x"}, "versions"),  # two branches of one history
        ({"old__1": "a", "old__2": "c < b", "new__1": "a", "new__2": "b < a"}, "versions"),  # neither stands alone
    ],
)
def test_sub_folders_that_declare_the_same_revisions_and_stand_alone_are_histories_of_their_own(tmp_path, files, expected):
    declare(tmp_path / "versions", **files)
    [location] = HistoryFinder().history(tmp_path / "versions" / f"{next(iter(files)).replace('__', '/')}.py")
    assert location == VersionLocation(tmp_path / expected, recursive=True)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"1": "z", "2": "y < z", "legacy__1": "a", "legacy__2": "z < a"}, VersionLocation(Path("versions"))),
        (
            {"legacy__1": "a", "legacy__2": "z < a", "1": "z", "2": "y < z"},
            VersionLocation(Path("versions/legacy"), recursive=True),
        ),
        ({"1": "z", "old__1": "a"}, VersionLocation(Path("versions"), recursive=True)),
        ({"1": "z < a", "old__1": "a", "old__2": "z < a"}, VersionLocation(Path("versions"), recursive=True)),
    ],
)
def test_what_was_squashed_and_kept_in_a_sub_folder_is_a_history_of_its_own(tmp_path, files, expected):
    declare(tmp_path / "versions", **files)
    [location] = HistoryFinder().history(tmp_path / "versions" / f"{next(iter(files)).replace('__', '/')}.py")
    assert location == VersionLocation(tmp_path / expected.folder, recursive=expected.recursive)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_no_migration_but_a_link_to_a_file_is(tmp_path):
    lay(tmp_path, "a.py")
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "link.py").symlink_to("a.py")
    (tmp_path / "to_fifo.py").symlink_to("fifo.py")
    (tmp_path / "dangling.py").symlink_to("gone.py")  # left in: whoever reads it says that it is gone
    assert [path.name for path in walk(tmp_path)] == ["a.py", "dangling.py", "link.py"]
    with pytest.raises(UsageError, match=r"fifo\.py is no regular file"):
        find([str(tmp_path / "fifo.py")], Settings())


def test_flask_migrate_names_other_places_without_a_script_location(tmp_path):
    (tmp_path / "env.py").touch()
    (tmp_path / "alembic.ini").write_text("[alembic]\nversion_locations = %(here)s/versions,%(here)s/versions/imports\n")
    [history] = read_histories(tmp_path / "alembic.ini")
    assert [location.folder for location in history] == [tmp_path / "versions", tmp_path / "versions/imports"]
