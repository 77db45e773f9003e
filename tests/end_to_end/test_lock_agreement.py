"""What the linter says of locks and rewrites on PostgreSQL, against what a verification observed of the same migrations."""

import pytest

from benchmarks.agreement import lint
from mrt_lint.model.context import DatabaseTarget
from mrt_report.agreement import compare
from mrt_runtime.config_discovery import settle
from mrt_runtime.verify.session import Verification
from tests.runtime.conftest import Project, postgres_server, postgres_url  # noqa: F401  fixtures

pytestmark = pytest.mark.slow

TABLES = """op.execute("CREATE TABLE users (id int PRIMARY KEY, name varchar(50), phone text, born date, age int, size int)")
    op.execute("CREATE TABLE orders (id int, user_id int, team_id int)")
    op.execute("CREATE TABLE teams (id int NOT NULL, name text)")
    op.execute("CREATE INDEX ix_name ON users (name)")
    op.execute("DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD CONSTRAINT ' || lower('NN') || ' CHECK (phone IS NOT NULL)'; END $$")"""
CONFIRMED = {
    "MRT213": 'op.alter_column("users", "name", nullable=False)',
    "MRT404": 'op.execute("ALTER TABLE users ADD COLUMN token float DEFAULT random()")',
    "MRT407": 'op.create_index("ix_phone", "users", ["phone"])',
    "MRT420": 'op.drop_index("ix_name", table_name="users")',
    "MRT422": 'op.create_foreign_key("fk_user", "orders", "users", ["user_id"], ["id"])',
    "MRT423": 'op.create_check_constraint("ck_id", "users", "id IS NOT NULL")',
    "MRT424": 'op.execute("ALTER TABLE users ADD CONSTRAINT ck CHECK (id IS NOT NULL) NOT VALID")\n'
    '    op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck")',
    "MRT425": 'op.execute("ALTER TABLE orders ADD CONSTRAINT one EXCLUDE USING btree (id WITH =)")',
    "MRT426": 'op.create_primary_key("teams_pkey", "teams", ["id"])',
    "MRT427": 'op.add_column("users", sa.Column("place", sa.BigInteger, sa.Identity()))',
    "MRT428": 'op.execute("REINDEX TABLE users")',
    "MRT429": 'op.drop_column("users", "size")',
    "MRT430": 'op.alter_column("users", "age", type_=sa.BigInteger(), existing_type=sa.Integer())\n'
    '    op.alter_column("users", "born", type_=sa.DateTime(), existing_type=sa.Date())',
    "MRT438": 'op.add_column("users", sa.Column("mail", sa.Text))\n    op.execute("UPDATE users SET mail = name")',
    "MRT802": 'op.add_column("teams", sa.Column("mail", sa.Text))\n    op.execute("UPDATE orders SET team_id = 1")',
}
# the check that leaves the database less to do than the finding says stays hidden from the linter
REFUTED = {"MRT213": 'op.alter_column("users", "phone", nullable=False)'}


@pytest.fixture(scope="module")
def marks(postgres_url, tmp_path_factory):  # noqa: F811  the fixture
    """The marks of each revision's findings, by revision and code."""
    project = Project(tmp_path_factory.mktemp("agreement"))
    parent = "first"
    files = {parent: str(project.add(parent, upgrade=TABLES, downgrade="pass"))}
    revisions = [
        *((f"yes_{code}", text) for code, text in CONFIRMED.items()),
        *((f"no_{code}", text) for code, text in REFUTED.items()),
    ]
    for name, text in revisions:
        files[name] = str(project.add(name, parent, upgrade=text, downgrade="pass"))
        parent = name
    findings = lint(files, DatabaseTarget(dialect="postgresql"))
    found = {}
    with Verification(settle(project.config(db_url=postgres_url, observe_locks=True), [project.root])) as verification:
        for name, _ in revisions:
            verdict = verification.check(name)
            assert verdict.steps, verdict
            marked = compare(findings[name], verdict, files[name], "postgresql")
            found[name] = {finding.code: mark for finding, mark in marked.items()}
    return found


@pytest.mark.parametrize("code", CONFIRMED)
def test_what_the_linter_says_of_locks_is_what_is_observed(marks, code):
    assert marks[f"yes_{code}"][code].word == "confirmed", marks[f"yes_{code}"]


@pytest.mark.parametrize("code", REFUTED)
def test_what_is_observed_refutes_what_the_linter_could_not_know(marks, code):
    assert marks[f"no_{code}"][code].word == "refuted", marks[f"no_{code}"]
