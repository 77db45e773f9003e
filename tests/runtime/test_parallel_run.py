"""`mrt verify --jobs N`: the same report as of one job, and nothing left behind, however it ends."""

import json
import re
import secrets
import signal
import subprocess
import sys
import time
from random import Random

import psutil
import pytest
import sqlalchemy as sa

from benchmarks.random_histories import write
from mrt_lint.cli import main
from mrt_runtime.databases.token import find_token
from mrt_runtime.migrate import read_graph
from mrt_runtime.revision_choice import RevisionChoice
from mrt_runtime.shard import REACHING, Shard
from mrt_runtime.verify.idle_process import LEAST, count_files, idle_processes
from tests.runtime.own_names import own

pytestmark = pytest.mark.slow

LISTING = {
    "postgresql": "SELECT datname FROM pg_database UNION ALL SELECT rolname FROM pg_roles",
    "mysql": "SELECT schema_name FROM information_schema.schemata UNION ALL SELECT user FROM mysql.user",
}
SCRATCH = re.compile(r"_mrt_[0-9a-f]{20}_[a-z0-9]+_1")
"""What MariaDB names in its errors, otherwise in each run."""
HERE = "import os, pathlib, time\n    pathlib.Path('pid').write_text(str(os.getpid()))\n    pathlib.Path('here').touch()\n    "
DEFECTS = {
    5: {"downgrade": "pass"},
    12: {"upgrade": "op.execute('SELECT nothing FROM nowhere')"},
    9: {"upgrade": "op.add_column('t_r08', sa.Column('must', sa.Integer, nullable=False))",
        "downgrade": "op.drop_column('t_r08', 'must')"},
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def url(request, tmp_path):
    """A database that no other test makes scratch databases beside."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/given.db"
    server = request.getfixturevalue(f"{request.param}_server")
    return server.set(database=own(f"jobs{secrets.token_hex(2)}")).render_as_string(hide_password=False)


@pytest.fixture
def enter(tmp_path, monkeypatch):
    """Stand in the project, with a temporary folder of its own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))


def fill(project, length=2 * LEAST, **steps):
    """Write a chain r00, r01, …, of which some do what they are told to."""
    for number in range(length):
        project.add(f"r{number:02}", f"r{number - 1:02}" if number else None, **steps.get(f"r{number:02}", {}))


@pytest.fixture
def leftovers(project, url):
    """Lists the scratch databases, roles, accounts and folders that are there, but for what killed runs of other tests left."""

    def find():
        parsed = sa.make_url(url)
        temporary = project.root / "temporary"
        names = [path.name for path in temporary.iterdir()] if temporary.exists() else []
        if parsed.get_backend_name() in LISTING:
            server = parsed._replace(database="postgres" if parsed.get_backend_name() == "postgresql" else None)
            with sa.create_engine(server, poolclass=sa.NullPool).connect() as connection:
                found = connection.exec_driver_sql(LISTING[parsed.get_backend_name()]).scalars().all()
            names += [name for name in found if parsed.database in name or name.startswith("mrt_")]
        return {name for name in names if find_token(name)}

    there = find()
    return lambda: find() - there


def judge(revision):
    """What was found about a revision, without the rows that show it."""
    failures = [{name: failure[name] for name in ("kind", "table", "column", "file", "line")} for failure in revision["failures"]]
    return revision["revision"], revision["outcome"], failures, revision["unseeded"], revision["reason"]


def report(capsys, *arguments):
    """The report of a run as JSON, without times and tokens; its exit code; and what it wrote on standard error."""
    code = main(["verify", "--format", "json", *arguments])
    written = capsys.readouterr()
    text = SCRATCH.sub("_mrt", written.out)
    document = json.loads(text) if text else {}
    for revision in document.get("revisions", ()):
        revision["seconds"] = 0
    return document, code, written.err


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
def test_several_jobs_report_what_one_does_and_leave_nothing_behind(project, enter, url, capsys, leftovers):
    fill(project, **{f"r{number:02}": steps for number, steps in DEFECTS.items()})
    one = report(capsys, "--db-url", url)
    assert {found["outcome"] for found in one[0]["revisions"]} > {"schema-not-restored", "upgrade-failed", "not-reached"}
    assert report(capsys, "--db-url", url, "--jobs", "2") == one
    assert leftovers() == set()


def test_random_histories_get_the_same_verdicts(tmp_path, enter, sqlite_url, capsys):
    """Not always the same evidence: which rows a table holds depends on how early they were seeded."""
    write(Random(3), tmp_path, "sqlite", 3 * LEAST)
    one, _, _ = report(capsys, "--db-url", sqlite_url)
    several, _, _ = report(capsys, "--db-url", sqlite_url, "--jobs", "3")
    assert list(map(judge, several["revisions"])) == list(map(judge, one["revisions"]))


def test_a_picture_shows_the_verdicts_in_their_order(project, enter, sqlite_url, capsys):
    fill(project, r03={"downgrade": "pass"})
    assert main(["verify", "--db-url", sqlite_url]) == 1
    picture = capsys.readouterr().out
    assert main(["verify", "--db-url", sqlite_url, "--jobs", "2"]) == 1
    assert capsys.readouterr().out == picture


def test_short_histories_start_no_processes(project, enter, sqlite_url, monkeypatch):
    fill(project, 2 * LEAST - 1)
    monkeypatch.setattr("subprocess.Popen", None)
    assert main(["verify", "--db-url", sqlite_url, "--jobs", "8"]) == 0


@pytest.mark.parametrize(
    ("url", "number"),
    [
        pytest.param("sqlite", signal.SIGINT, marks=pytest.mark.exhaustive),
        ("postgres", signal.SIGTERM),
        pytest.param("mysql", signal.SIGTERM, marks=pytest.mark.exhaustive),
    ],
    indirect=["url"],
)
def test_a_signal_ends_all_of_them_with_everything_cleaned_up(project, url, number, leftovers):
    # the first process waits in its own part, for else it may have dropped its database before the second one is where it waits
    fill(project, r02={"downgrade": "import time\n    time.sleep(60)"}, r12={"upgrade": HERE + "time.sleep(60)"})
    with project.started(url, "mrt_lint", "verify", "--jobs", "2") as process:
        deadline = time.monotonic() + 30
        while len(leftovers()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(leftovers()) >= 2
        process.send_signal(number)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert err.count("the scratch databases are dropped") == 1
    assert leftovers() == set()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_where_the_command_is_killed_its_processes_clean_up_and_end(project, url, leftovers):
    fill(project, r12={"upgrade": HERE + "time.sleep(1)"})
    with project.started(url, "mrt_lint", "verify", "--jobs", "2") as process:
        workers = psutil.Process(process.pid).children()
        process.kill()
        psutil.wait_procs(workers, timeout=120)
    assert len(workers) == 2
    assert leftovers() == set()


@pytest.mark.parametrize("url", ["mysql"], indirect=True)
def test_a_process_that_crashes_is_one_sentence_and_its_database_is_dropped(project, url, leftovers):
    fill(project, r12={"upgrade": HERE + "time.sleep(60)"})
    with project.started(url, "mrt_lint", "verify", "--jobs", "2") as process:
        psutil.Process(int((project.root / "pid").read_text())).kill()
        _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert err == (
        "mrt verify: Worker 2 of 2 was ended by SIGKILL while it verified r12, and the run was stopped. "
        "Verify that revision alone (mrt verify r12), or take --jobs 1.\n"
    )
    assert leftovers() == set()


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_a_number_of_jobs_that_is_none_is_refused_in_a_sentence(project, enter, capsys, jobs):
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--jobs", jobs])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("mrt verify: argument -j/--jobs: ")


def test_what_is_wrong_with_the_project_is_told_once(project, enter, sqlite_url, capsys):
    fill(project)
    project.env.write_text("raise RuntimeError('no settings')")
    assert main(["verify", "--db-url", sqlite_url, "--jobs", "2"]) == 2
    assert capsys.readouterr().err.count("no settings") == 1


@pytest.mark.parametrize("growth", [0, 0.01])
@pytest.mark.parametrize(("length", "count"), [(10, 3), (3, 5), (0, 2), (1, 2), (400, 7)])
def test_shards_are_the_whole_in_its_order(length, count, growth):
    each = [1 + growth * number for number in range(length)]
    parts = [Shard(number, count).cut(range(length), each) for number in range(1, count + 1)]
    assert [item for part in parts for item in part] == list(range(length))
    # each goes through what is before it, and then checks its own
    costs = [REACHING * sum(each[: part[0]]) + sum(each[number] for number in part) for part in parts if part]
    assert not costs or max(costs) - min(costs) <= 2 * each[-1]


def test_the_more_tables_there_are_the_fewer_revisions_make_a_part(project):
    fill(project)
    shares = [RevisionChoice(job=Shard(number, 2)).choose(read_graph(project.config())) for number in (1, 2)]
    add_tables = {"upgrade": "\n".join(f"op.create_table('t{number}', sa.Column('id', sa.Integer))" for number in range(200))}
    fill(project, r10=add_tables)
    fewer = [RevisionChoice(job=Shard(number, 2)).choose(read_graph(project.config())) for number in (1, 2)]
    assert [*fewer[0], *fewer[1]] == [*shares[0], *shares[1]]
    assert len(fewer[1]) < len(shares[1])


def test_the_command_itself_imports_nothing_that_its_processes_wait_for(project, enter, sqlite_url):
    fill(project)
    arguments = ["verify", "--db-url", sqlite_url, "--jobs", "2", "--quiet"]
    code = (
        f"from mrt_lint.cli import main\nassert main({arguments}) == 0\nassert not {{'alembic', 'sqlalchemy'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", f"import sys\n{code}"], check=True)


def test_processes_that_get_no_order_are_ended():
    with idle_processes(2) as idle:
        started = list(idle)
        assert all(process.poll() is None for process in started)
    assert all(process.returncode is not None for process in started)


@pytest.mark.parametrize("location", ["migrations", "%(here)s/migrations", "./migrations"])
def test_migrations_are_counted_without_alembic_where_they_mostly_are(tmp_path, location):
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = {location}\n")
    assert count_files(str(tmp_path / "alembic.ini")) == 0
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "versions" / "a.py").touch()
    assert count_files(str(tmp_path / "alembic.ini")) == 1


@pytest.mark.parametrize("text", [None, "no section", "[alembic]\n", "[other]\nscript_location = migrations\n"])
def test_where_they_are_elsewhere_none_are_counted(tmp_path, text):
    if text is not None:
        (tmp_path / "alembic.ini").write_text(text)
    assert count_files(str(tmp_path / "alembic.ini")) == 0
