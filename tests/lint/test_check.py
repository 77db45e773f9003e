"""`mrt check` as its users call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mrt_lint import __version__
from tests.lint.conftest import CREATE, DROP, UPDATE, functions


def codes(result) -> list[tuple[str, str]]:
    return [(finding["path"], finding["code"]) for finding in json.loads(result.out)["findings"]]


def test_the_document_has_the_promised_shape(history):
    history.write(
        "versions/a4.py", history.root.joinpath("versions/a3.py").read_bytes().replace(b"a3", b"a4").replace(b"a2", b"a3")
    )
    result = history.mrt("check", "versions", "--format", "json")
    document = json.loads(result.out)
    assert list(document) == ["version", "summary", "findings", "unreadable"]
    assert document["version"] == __version__
    assert document["summary"] == {"files": 4, "errors": 1, "warnings": 2, "suppressed": 0, "unreadable": 0}
    first = document["findings"][0]
    message, instead = first.pop("message"), first.pop("instead")
    assert first == {
        "path": "versions/a2.py",
        "line": 10,
        "column": 5,
        "end_line": 10,
        "end_column": 37,
        "code": "MRT201",
        "name": "drop-column",
        "severity": "error",
        "consequence": "rollback loses data",
        "revision": "a2",
    }
    assert "users.phone" in message
    assert instead
    assert result.code == 1
    assert result.err == ""


def test_calls_that_could_not_be_read_are_listed(project):
    project.migration(
        "a1", None, "def upgrade():\n    op.execute(build_sql())\n\n\ndef downgrade():\n    op.execute(build_sql())\n"
    )
    document = json.loads(project.mrt("check", "versions", "--format", "json").out)
    assert document["summary"]["unreadable"] == len(document["unreadable"]) == 2
    assert {key: document["unreadable"][0][key] for key in ("path", "line", "source")} == {
        "path": "versions/a1.py",
        "line": 10,
        "source": "op.execute(build_sql())",
    }
    assert document["unreadable"][0]["why"]
    text = project.mrt("check", "versions").out
    assert "2 calls could not be read, so nothing is said about them:" in text
    assert "versions/a1.py:10:5" in text


def test_many_calls_that_could_not_be_read_are_cut_short(project):
    project.migration(
        "a1",
        None,
        "def upgrade():\n" + "    op.execute(build_sql())\n" * 14 + "\n\ndef downgrade():\n    op.execute(build_sql())\n",
    )
    assert "… and 5 more" in project.mrt("check", "versions").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["versions"], 1),
        (["versions/a1.py"], 0),
        (["versions/a2.py"], 1),
        (["versions/a3.py"], 0),
        (["versions/a3.py", "--strict"], 1),
        (["versions/a1.py", "--strict"], 0),
        (["versions", "--ignore", "MRT2"], 0),
        (["versions", "--ignore", "MRT2,MRT1", "--strict"], 0),
        (["versions", "--select", "MRT3"], 0),
        (["versions", "--select", "MRT3,MRT201"], 1),
    ],
)
def test_the_exit_code_says_whether_something_was_found(history, arguments, code):
    assert history.mrt("check", *arguments).code == code


def test_select_and_ignore_choose_by_the_beginning_of_a_code(history):
    assert codes(history.mrt("check", "--select", "MRT2", "--format", "json", "versions")) == [("versions/a2.py", "MRT201")]
    assert codes(history.mrt("check", "--ignore", "MRT2", "--format", "json", "versions")) == [("versions/a3.py", "MRT103")]


def test_paths_are_shown_as_they_were_given(history):
    absolute = str(history.root / "versions")
    assert codes(history.mrt("check", absolute, "--format", "json"))[0][0] == f"{absolute}/a2.py"
    assert codes(history.mrt("check", ".", "--format", "json"))[0][0] == "versions/a2.py"
    assert codes(history.mrt("check", "./versions/a2.py", "--format", "json"))[0][0] == "./versions/a2.py"


def test_several_folders_and_files_are_checked_once_each(history):
    history.migration("b1", None, UPDATE, folder="more/versions")
    result = history.mrt("check", "versions", "versions/a2.py", "more", "--format", "json")
    assert codes(result) == [("more/versions/b1.py", "MRT103"), ("versions/a2.py", "MRT201"), ("versions/a3.py", "MRT103")]


def test_rules_of_the_history_see_the_files_that_were_not_given(history):
    history.migration("b2", "a1")
    whole = codes(history.mrt("check", "versions", "--select", "MRT901", "--format", "json"))
    assert whole == [("versions/a3.py", "MRT901"), ("versions/b2.py", "MRT901")]
    assert codes(history.mrt("check", "versions/b2.py", "--select", "MRT901", "--format", "json")) == [("versions/b2.py", "MRT901")]
    assert codes(history.mrt("check", "versions/a1.py", "--select", "MRT901", "--format", "json")) == []


def test_branches_that_are_declared_independent_have_heads_of_their_own(history):
    history.migration("b1", "a1", 'branch_labels = ("audit",)\n\n\n' + DROP)
    assert codes(history.mrt("check", "versions", "--select", "MRT901", "--format", "json"))
    history.write("pyproject.toml", '[tool.mrt]\nindependent_branches = ["audit"]\n')
    assert codes(history.mrt("check", "versions", "--select", "MRT901", "--format", "json")) == []


def test_neighbouring_projects_are_histories_of_their_own(history):
    history.migration("b1", None, folder="more/versions")
    assert codes(history.mrt("check", ".", "--select", "MRT9", "--format", "json")) == []


@pytest.mark.parametrize("where", ["alembic.ini", "tool.alembic", "tool.mrt"])
def test_without_a_path_the_configuration_says_where_to_look(history, where):
    texts = {
        "alembic.ini": ("alembic.ini", "[alembic]\nscript_location = .\n"),
        "tool.alembic": ("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s"\n'),
        "tool.mrt": ("pyproject.toml", '[tool.mrt]\npaths = ["versions"]\n'),
    }
    history.write(*texts[where])
    assert codes(history.mrt("check", "--format", "json")) == [("versions/a2.py", "MRT201"), ("versions/a3.py", "MRT103")]


def test_settings_of_pyproject_hold_and_the_command_line_lies_over_them(history):
    history.write("pyproject.toml", '[tool.mrt]\nstrict = true\nignore = ["MRT2"]\n')
    assert history.mrt("check", "versions").code == 1
    assert codes(history.mrt("check", "versions", "--format", "json")) == [("versions/a3.py", "MRT103")]
    assert codes(history.mrt("check", "versions", "--format", "json", "--ignore", "MRT1")) == [("versions/a2.py", "MRT201")]


def test_a_declared_dialect_reaches_the_rules(project):
    project.migration("a1", None)
    project.migration(
        "a2",
        "a1",
        'def upgrade():\n    op.execute("CREATE INDEX i ON users (a)")\n\n\ndef downgrade():\n    op.execute("DROP INDEX i")\n',
    )
    assert ("versions/a2.py", "MRT407") in codes(project.mrt("check", "versions", "--format", "json"))
    for dialect in ("sqlite", "mysql"):
        assert codes(project.mrt("check", "versions", "--format", "json", "--dialect", dialect, "--select", "MRT407")) == []


def test_a_comment_silences_and_is_counted(history):
    text = history.root.joinpath("versions/a2.py").read_text().replace('"phone")\n', '"phone")  # noqa: MRT201\n', 1)
    history.write("versions/a2.py", text)
    result = history.mrt("check", "versions/a2.py")
    assert result.code == 0
    assert "1 silenced by noqa" in result.out
    document = json.loads(history.mrt("check", "versions/a2.py", "--format", "json").out)
    assert document["summary"]["suppressed"] == 1
    assert document["findings"] == []


def test_a_comment_that_silences_nothing_is_named(history):
    text = history.root.joinpath("versions/a2.py").read_text().replace('"phone")\n', '"phone")  # noqa: MRT201, MRT301\n', 1)
    history.write("versions/a2.py", text)
    document = json.loads(history.mrt("check", "versions/a2.py", "--format", "json").out)
    assert [(finding["code"], finding["line"], finding["column"]) for finding in document["findings"]] == [("MRT990", 10, 55)]
    assert "MRT301" in document["findings"][0]["message"]


def test_the_table_is_readable_at_80_columns(history):
    out = history.mrt("check", "versions").out
    assert max(len(line) for line in out.splitlines()) <= 80
    lines = out.splitlines()
    assert lines[0] == "versions/a2.py:10:5  MRT201 drop-column (error)"
    assert '     10 | op.drop_column("users", "phone")' in lines
    assert any(line.startswith("    Instead: ") for line in lines)
    assert lines[-3] == "3 migrations checked: 1 error, 1 warning."
    assert lines[-2] == "By consequence: rollback loses data 2."
    assert "\x1b" not in out


def test_a_clean_run_says_so_in_one_line(history):
    assert history.mrt("check", "versions/a1.py").out == "1 migration checked: nothing found.\n"


def test_colour_is_for_those_who_see_it(history, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31mMRT201\x1b[0m" in history.mrt("check", "versions").out
    assert "\x1b" not in history.mrt("check", "versions", "--format", "json").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in history.mrt("check", "versions").out


def test_output_goes_to_a_file(history, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = history.mrt("check", "versions", "--output", "report.txt")
    assert (result.code, result.out, result.err) == (1, "", "")
    text = (history.root / "report.txt").read_text()
    assert "MRT201" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "nowhere does not exist."),
        (["notes.txt"], "notes.txt is neither a folder nor a Python file."),
        (["empty"], "There is no migration in empty: it holds no Python file."),
        (["app"], "There is no migration in app: none of its 1 Python files assigns revision and down_revision."),
        (["versions", "--select", "MRT2011"], "There is no rule MRT2011; did you mean MRT201"),
        (["versions", "--select", "MTR4"], "There is no rule MTR4; did you mean MRT4"),
        (["versions", "--ignore", "E501"], "There is no rule E501"),
        (["versions", "--dialect", "postgres"], "dialect is 'postgres', which is none of"),
        (["versions", "--pg-version", "new"], "pg_version is 'new', where a version like 14 or 10.6 is expected."),
        (["versions", "--mysql-version", "8.x"], "mysql_version is '8.x', where a version like 14 or 10.6 is expected."),
        (["versions", "--mariadb-version", ""], "mariadb_version is '', where a version like 14 or 10.6 is expected."),
        (["versions", "--jobs", "0"], "--jobs is 0, where at least 1 is expected."),
        (["versions", "--output", "nowhere/report.txt"], "nowhere/report.txt cannot be written: No such file or directory"),
        ([], "There is no alembic.ini here and no [tool.alembic]: name the folder, mrt check migrations/versions"),
        (["versions", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (["versions", "--zzz"], "unrecognized arguments: --zzz (mrt check --help says more)"),
        (
            ["--formt=json", "versions"],
            "unrecognized arguments: --formt=json; did you mean --format or --report? (mrt check --help says more)",
        ),
        (["versions", "--extend-selekt=MRT7"], "unrecognized arguments: --extend-selekt=MRT7; did you mean --extend-select"),
        (["versions", "--jobs", "many"], "argument --jobs/-j: invalid int value: 'many'"),
    ],
)
def test_a_wrong_command_is_one_sentence(history, arguments, sentence):
    history.write("notes.txt", "")
    history.write("app/model.py", "x = 1\n")
    (history.root / "empty").mkdir()
    result = history.mrt("check", *arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith(f"mrt check: {sentence}")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("alembic.ini", "[alembic]\nscript_location = gone\n", "alembic.ini names the folder gone/versions, which does not exist."),
        ("alembic.ini", "[alembic\n", "cannot be read"),
        ("pyproject.toml", "[tool.mrt\n", "is not TOML"),
        ("pyproject.toml", "[tool.mrt]\npaths = ['gone']\n", "gone does not exist."),
        ("pyproject.toml", "[tool.mrt]\nselekt = ['MRT2']\n", "has no key 'selekt'; did you mean select?"),
    ],
)
def test_a_wrong_configuration_is_one_sentence(project, name, text, sentence):
    project.write(name, text)
    result = project.mrt("check")
    assert (result.code, result.out) == (2, "")
    assert sentence in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("command", ["check", "history", "lock", "baseline", "show --at head"])
def test_without_a_configuration_the_command_at_hand_is_advised(project, command):
    result = project.mrt(*command.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"name the folder, mrt {command} migrations/versions\n")


@pytest.mark.parametrize("code", ["MRT999", "MRT209", "MRT2011"])
@pytest.mark.parametrize("choice", [[], ["--select", "MRT201,MRT990"]])
def test_a_comment_that_names_a_code_of_no_rule_is_named_whatever_is_selected(project, code, choice):
    project.migration("a1", None, DROP.replace('"phone")', f'"phone")  # noqa: MRT201, {code}, MRT3, E501', 1))
    said = project.mrt("check", "versions", *choice).out
    assert f"this comment silences {code}, which finds nothing here" in said
    assert ("silences MRT3," in said) is (choice == [])
    assert said.count("MRT990") == (2 if choice == [] else 1)


@pytest.mark.parametrize(("dialect", "on"), [("postgresql", " ON users"), ("sqlite", ""), ("mysql", ""), ("mariadb", "")])
def test_a_trigger_is_dropped_as_the_database_wants_it(project, dialect, on):
    project.migration("a1", None)
    trigger = "CREATE TRIGGER tr AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()"
    project.migration("a2", "a1", functions(f"op.execute({trigger!r})", "op.execute('DROP VIEW v')"))
    said = " ".join(project.mrt("check", "versions", "--dialect", dialect).out.split())
    assert f'add op.execute("DROP TRIGGER tr{on}") to downgrade()' in said


def test_python_files_that_are_no_migrations_are_passed_over_when_named(history):
    history.write("versions/__init__.py", "")
    history.write("versions/shared.py", "x = 1\n")
    result = history.mrt("check", "versions/__init__.py", "versions/shared.py")
    assert (result.code, result.out) == (0, "0 migrations checked: nothing found.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_file_that_may_not_be_read_is_one_sentence(history):
    link = history.root / "versions/b1.py"
    link.symlink_to(history.root / "gone.py")
    result = history.mrt("check", "versions")
    assert (result.code, result.err) == (2, "mrt check: versions/b1.py cannot be read: No such file or directory\n")


def test_whoever_stops_reading_gets_no_traceback(history):
    history.migration(
        "a4", "a3", functions('op.execute("UPDATE users SET a = 1")\n' * 400, "op.execute('UPDATE orders SET a = 1')")
    )
    command = f"{sys.executable} -c 'import sys; from mrt_lint.cli import main; sys.exit(main())' check versions | head -1"
    run = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert run.stdout == "versions/a2.py:10:5  MRT201 drop-column (error)\n"
    assert run.stderr == ""


def test_nothing_is_executed_whatever_a_migration_holds(project):
    project.migration(
        "a1",
        None,
        "import pathlib\npathlib.Path('touched').touch()\nraise SystemExit(3)\n\n\ndef upgrade():\n    pathlib.Path('touched').touch()\n",
    )
    assert project.mrt("check", "versions").code in {0, 1}
    assert not Path("touched").exists()


def test_an_empty_history_is_named_by_its_folder_and_no_fault(project):
    project.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    (project.root / "migrations/versions").mkdir(parents=True)
    for command in (["check"], ["check", "--format", "json"]):
        result = project.mrt(*command)
        assert (result.code, result.err) == (0, "mrt check: There is no migration in migrations/versions yet.\n")


@pytest.mark.parametrize(
    ("ini", "script_location"),
    [
        ("migrations/alembic.ini", ""),
        ("backend/alembic.ini", "script_location = %(here)s/../migrations"),
        ("backend/migrations/alembic.ini", "script_location = %(here)s/../../migrations"),
    ],
)
def test_a_configuration_in_a_folder_below_is_found(history, ini, script_location):
    history.write(ini, f"[alembic]\n{script_location}\n")
    history.write("migrations/env.py", "")
    (history.root / "versions").rename(history.root / "migrations/versions")
    assert "MRT201" in history.mrt("check").out
    assert "MRT201" in history.mrt("check", "--format", "json").out


def test_of_several_histories_below_one_is_not_chosen(project):
    for service in ("billing", "users"):
        project.write(f"{service}/alembic.ini", "[alembic]\nscript_location = db\n")
    result = project.mrt("check")
    assert (result.code, result.err) == (
        2,
        (
            "mrt check: There are 2 histories below this folder: name those that are meant, as in mrt check"
            " billing/db/versions users/db/versions\n"
        ),
    )


def test_what_only_blocks_is_not_said_of_a_small_table(project):
    upgrade = """
        op.create_index("ix", "Plans", ["name"])
        op.create_index("ix", "plans", ["name"], schema="crm")
        op.create_index("ix", "users", ["name"])
        op.execute("UPDATE plans SET name = ''")
        op.alter_column("plans", "price", type_=sa.Integer(), existing_type=sa.Text())
    """
    project.migration("a1", None, functions(upgrade, 'op.drop_index("ix", "users")'))

    def spoken_of() -> set[tuple[str, int]]:
        findings = json.loads(project.mrt("check", "versions", "--format", "json").out)["findings"]
        return {(found["code"], found["line"]) for found in findings if found["code"] in {"MRT407", "MRT103", "MRT303"}}

    everything = spoken_of()
    assert {("MRT407", 10), ("MRT407", 11), ("MRT407", 12), ("MRT103", 13), ("MRT303", 14)} == everything
    project.write("pyproject.toml", '[tool.mrt]\nsmall_tables = ["plans"]\n')
    assert everything - spoken_of() == {("MRT407", 10)}
    project.write("pyproject.toml", '[tool.mrt]\nsmall_tables = ["public.plans", "crm.plans"]\n')
    assert everything - spoken_of() == {("MRT407", 10), ("MRT407", 11)}


@pytest.mark.parametrize(("body", "options", "code"), [(DROP, (), 2), (UPDATE, (), 1), (UPDATE, ("--strict",), 2), (CREATE, (), 0)])
def test_exit_codes_are_those_of_version_1_on_request(project, body, options, code):
    project.migration("a1", None, body)
    assert project.mrt("check", "versions", "--exit-codes", "1", *options).code == code
