"""Other releases during a deploy, as a verification and a rehearsal report them: the verdict is the same with and without."""

import dataclasses
import json

import pytest

from mrt_report.agreement import compare
from mrt_report.static_check import check
from mrt_runtime.report.json import as_json, from_json
from mrt_runtime.verdict import NEW_RELEASE, OLD_RELEASE
from mrt_runtime.verify.session import Verification
from tests.axes import keep

USERS = """op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50), nullable=False),
        sa.Column("phone", sa.String(20)))"""
STEPS = {
    "drops": (
        'op.execute("UPDATE users SET phone = name")\n    op.drop_column("users", "phone")',
        'op.add_column("users", sa.Column("phone", sa.String(20)))',
    ),
    "adds": ('op.add_column("users", sa.Column("mail", sa.Text))', 'op.drop_column("users", "mail")'),
    "loosens": (
        'with op.batch_alter_table("users") as batch:\n        batch.alter_column("name", nullable=True)',
        (
            'op.execute("UPDATE users SET name = id WHERE name IS NULL")\n'
            '    with op.batch_alter_table("users") as batch:\n        batch.alter_column("name", nullable=False)'
        ),
    ),
    "renames": ('op.rename_table("users", "people")', 'op.rename_table("people", "users")'),
}


def write(project):
    project.add("first", upgrade=USERS, downgrade='op.drop_table("users")')
    parent = "first"
    for name, (upgrade, downgrade) in STEPS.items():
        project.add(name, parent, upgrade=upgrade, downgrade=downgrade)
        parent = name


def verify(project, url, **settings):
    with Verification(project.config(db_url=url, **settings)) as verification:
        return {verdict.revision: verdict for verdict in verification.check_all()}


def of_the_rollback(verdict):
    """A verdict without what is said of other releases, and without its time."""
    extra = {failure.message for failure in (verdict.rolling.breaks if verdict.rolling else ())}
    warnings = tuple(one for one in verdict.warnings if not any(one.startswith(message) for message in extra))
    return dataclasses.replace(verdict, seconds=0, rolling=None, warnings=warnings)


def test_what_breaks_is_a_warning_with_its_place(project, sqlite_url):
    write(project)
    plain, found = verify(project, sqlite_url), verify(project, sqlite_url, old_code=True)
    assert {name: of_the_rollback(one) for name, one in found.items()} == {
        name: of_the_rollback(one) for name, one in plain.items()
    }
    assert all(verdict.rolling is None for verdict in plain.values())
    breaks = {
        name: [(one.kind, one.table, one.column, one.line) for one in verdict.rolling.breaks] for name, verdict in found.items()
    }
    assert breaks == {
        "first": [],
        "drops": [(OLD_RELEASE, "users", "phone", 13)],
        "adds": [],
        "loosens": [(NEW_RELEASE, "users", "name", 19)],
        "renames": [(OLD_RELEASE, "users", None, 12)],
    }
    message = "Column 'users.phone': SELECT, INSERT and UPDATE of the older release fail after the upgrade: no such column: phone"
    assert f"{message} (" in "".join(found["drops"].warnings)
    assert "drops.py:13)" in "".join(found["drops"].warnings)
    for verdict in found.values():
        assert from_json(json.loads(json.dumps(as_json(verdict)))) == dataclasses.replace(
            verdict, seconds=round(verdict.seconds, 3)
        )


def test_what_breaks_fails_where_the_project_says_so(project, sqlite_url):
    write(project)
    warned, found = verify(project, sqlite_url, old_code="warn"), verify(project, sqlite_url, old_code="fail")
    assert {name: verdict.outcome.value for name, verdict in found.items()} == {
        "first": "reversible",
        "drops": "data-loss",
        "adds": "reversible",
        "loosens": NEW_RELEASE,
        "renames": OLD_RELEASE,
    }
    for name, verdict in found.items():
        assert verdict.failures == (*warned[name].failures, *verdict.rolling.breaks)
    assert not any("release" in warning for verdict in found.values() for warning in verdict.warnings)


@pytest.mark.slow
@pytest.mark.parametrize("server", keep(["postgres", "mysql"], "postgres"))
def test_the_verdict_is_the_same_on_a_server(project, server, request):
    write(project)
    url = request.getfixturevalue(f"{server}_url")
    plain, found = verify(project, url), verify(project, url, old_code=True)
    assert {name: of_the_rollback(one) for name, one in found.items()} == {
        name: of_the_rollback(one) for name, one in plain.items()
    }
    assert [one.kind for one in found["drops"].rolling.breaks] == [OLD_RELEASE]


def test_a_report_confirms_and_refutes_by_it(project, sqlite_url, monkeypatch):
    project.add("first", upgrade=USERS, downgrade='op.drop_table("users")')
    viewed = """op.rename_table("users", "people")
    op.execute("CREATE VIEW users AS SELECT * FROM people")
    op.execute("CREATE TRIGGER i INSTEAD OF INSERT ON users BEGIN INSERT INTO people VALUES (NEW.id, NEW.name, NEW.phone); END")
    op.execute("CREATE TRIGGER u INSTEAD OF UPDATE ON users BEGIN UPDATE people SET name = NEW.name WHERE id = NEW.id; END")
    op.execute("CREATE TRIGGER d INSTEAD OF DELETE ON users BEGIN DELETE FROM people WHERE id = OLD.id; END")"""
    project.add(
        "viewed", "first", upgrade=viewed, downgrade='op.execute("DROP VIEW users")\n    op.rename_table("people", "users")'
    )
    project.add("drops", "viewed", upgrade='op.execute("DROP VIEW users")\n    op.drop_column("people", "phone")')
    (project.root / "pyproject.toml").write_text('[tool.mrt]\nextend_select = ["MRT7"]\n')
    monkeypatch.chdir(project.root)
    files = {name: str(project.versions / f"{name}.py") for name in ("viewed", "drops")}
    findings = check(files.values()).results.findings
    verdicts = verify(project, sqlite_url, old_code=True)
    marks = {}
    for name, file in files.items():
        own = [finding for finding in findings if finding.revision == name]
        marks |= {(name, finding.code): mark for finding, mark in compare(own, verdicts[name], file, "sqlite").items()}
    assert marks["viewed", "MRT703"] == ("refuted", "what the older release executes still works")
    assert marks["drops", "MRT701"].word == "confirmed"
    assert "no such column: phone" in marks["drops", "MRT701"].why
