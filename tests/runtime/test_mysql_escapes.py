"""On MariaDB and MySQL nothing outside of the scratch database changes, whatever a migration executes and however it is written."""

from random import Random

import pytest
import sqlalchemy as sa

from benchmarks.mysql_escapes import COMPUTED, FORMS, NESTS, SERVER_FORMS, Victim, compose, execute, find_escapes, literal
from mrt_runtime import databases
from mrt_runtime.databases.isolation import Isolation
from mrt_runtime.migrate import MigrationError, Migrator
from tests.axes import keep_every, keep_pairs
from tests.runtime.own_names import own

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def victim(mysql_server):
    made = Victim(mysql_server, own("victim"))
    yield made
    made.drop()


@pytest.fixture
def unharmed(victim):
    """The victim, proved to be as it was when the test is done."""
    before = victim.snapshot()
    yield victim
    assert victim.snapshot() == before


@pytest.fixture(scope="module")
def standing_mysql(mysql_url):
    database = databases.connect(mysql_url)
    with database.make_scratch() as made:
        yield made
    database.close()


@pytest.fixture
def mysql_scratch(standing_mysql):
    yield standing_mysql
    standing_mysql.reset()


@pytest.mark.parametrize("form", keep_every(4, sorted(FORMS.keys() - {"use"})))
def test_as_the_given_account_each_form_changes_the_victim(victim, mysql_server, form):
    """Otherwise the tests below could not fail."""
    before = victim.snapshot()
    victim.run(f"CREATE DATABASE IF NOT EXISTS {victim.name}_aside")
    engine = sa.create_engine(mysql_server.set(database=f"{victim.name}_aside"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE OR REPLACE TABLE t (id INT, n VARCHAR(20))")
        connection.exec_driver_sql("INSERT INTO t VALUES (1, 'x')")
        connection.exec_driver_sql(FORMS[form].replace("{v}", victim.name))
    victim.run(f"DROP DATABASE {victim.name}_aside")
    assert victim.snapshot() != before
    victim.make()


@pytest.mark.parametrize("nest", keep_every(4, sorted(NESTS.keys() - {"behind another"})))
def test_as_the_given_account_a_statement_in_each_nest_is_executed(victim, mysql_server, nest):
    before = victim.snapshot()
    victim.run(f"CREATE DATABASE IF NOT EXISTS {victim.name}_aside")
    statement = f"DELETE FROM {victim.name}.p"
    text = NESTS[nest].format(s=statement, l=literal(statement), c=f"{literal(statement[:9])}, {literal(statement[9:])}")
    with sa.create_engine(mysql_server.set(database=f"{victim.name}_aside")).begin() as connection:
        connection.exec_driver_sql(text)
        if nest == "routine":
            connection.exec_driver_sql("CALL nest()")
    victim.run(f"DROP DATABASE {victim.name}_aside")
    assert victim.snapshot() != before
    victim.make()


def test_the_server_refuses_each_form_to_the_scratch_account(mysql_scratch, unharmed):
    with mysql_scratch.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INT, n VARCHAR(20))")
    before = unharmed.snapshot()
    for form, text in (FORMS | SERVER_FORMS).items():
        with mysql_scratch.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as refused:
            connection.exec_driver_sql(text.replace("{v}", unharmed.name))
        sentence = mysql_scratch.explain_refusal(refused.value)
        assert "The account of this run may change nothing but its scratch database" in sentence, form
        assert form in SERVER_FORMS or unharmed.name in sentence, form
        assert unharmed.snapshot() == before, form


@pytest.mark.parametrize("seed", range(2))
def test_composed_statements_neither_reach_the_victim_nor_are_read_without_being_stopped(mysql_scratch, unharmed, seed):
    assert list(find_escapes(mysql_scratch, unharmed, Random(seed), 60)) == []


def test_the_composer_composes_each_form_and_each_nest():
    made = [compose(Random(seed), "v") for seed in range(2000)]
    assert {each.form for each in made} == FORMS.keys() | SERVER_FORMS.keys()
    assert {each.nest for each in made} == set(NESTS)
    assert set(NESTS) > COMPUTED


def test_without_the_account_the_composer_reaches_the_victim(mysql_scratch, victim, mysql_url):
    """A mutant: the same statements as the given account."""
    database = databases.connect(mysql_url, "statements")
    before = victim.snapshot()
    with database.make_scratch() as scratch:
        execute(scratch, f"DELETE FROM {victim.name}.p")
    database.close()
    assert victim.snapshot() != before
    victim.make()


WAYS = {
    "op.execute": "op.execute({s!r})",
    "text": "op.get_bind().execute(sa.text({s!r}))",
    "exec_driver_sql": "op.get_bind().exec_driver_sql({s!r})",
    "cursor": "op.get_bind().connection.cursor().execute({s!r})",
    "an engine's": "op.get_bind().engine.connect().exec_driver_sql({s!r})",
}


STATEMENTS = {"delete": "-- clean up\nDELETE FROM {v}.p", "update": "UPDATE t_z JOIN {v}.p ON 1 = 1 SET p.n = 'gone'"}


@pytest.mark.parametrize(("way", "kind"), keep_pairs(sorted(WAYS), STATEMENTS))
def test_a_migration_fails_with_its_line_and_a_remedy_whatever_way_it_takes(project, mysql_scratch, unharmed, way, kind):
    project.add("z")
    project.add("a", "z", upgrade=WAYS[way].format(s=STATEMENTS[kind].replace("{v}", unharmed.name)))
    with pytest.raises(MigrationError) as failed:
        Migrator(project.config(), mysql_scratch).upgrade("a")
    assert (failed.value.phase, failed.value.revision, failed.value.line) == ("upgrade", "a", 12)
    assert "outside of the scratch database" in failed.value.cause
    assert unharmed.name in failed.value.cause


def test_statements_alone_are_told_and_stop_what_they_can_read(project, mysql_url, unharmed):
    database = databases.connect(mysql_url, "statements")
    project.add("a", upgrade=f'op.execute("UPDATE {unharmed.name}.p SET n = 1")')
    with database.make_scratch() as scratch:
        assert scratch.isolation == Isolation(level="statements", reason="it was asked for")
        assert scratch.url.username == sa.make_url(mysql_url).username
        with pytest.raises(MigrationError, match="outside of the scratch database"):
            Migrator(project.config(), scratch).upgrade("a")
    database.close()
