"""What migrations of real projects do on PostgreSQL goes on working under a role that may do nothing outside of its database."""

import pytest

from tests.runtime.postgresql.projects import BASELINE, EXTENSIONS, REFUSED, UNDO, WORKING

pytestmark = pytest.mark.exhaustive


def write(place, name, statements):
    """The statements of a case, as calls of op.execute."""
    filled = [
        statement.replace("{v}", place.name)
        .replace("{t}", "x_" + "".join(filter(str.isalnum, name.lower())))
        .replace("{given}", place.server.username)
        for statement in statements
    ]
    return "\n    ".join(f"op.execute({statement!r})" for statement in filled) or "pass"


def as_steps(place, cases):
    return [
        (f"r{number}", write(place, name, up), write(place, name, down)) for number, (name, (up, down)) in enumerate(cases.items())
    ]


def assert_reversible(cases, verdicts):
    broken = {name: verdict for name, verdict in zip(cases, verdicts.values(), strict=True) if not verdict.passed}
    assert broken == {}
    assert all("_mrt_" not in warning for verdict in verdicts.values() for warning in verdict.warnings)


@pytest.mark.parametrize("place", ["embedded"], indirect=True)
def test_each_case_is_reversible(verify, place):
    verdicts = verify(as_steps(place, WORKING))
    assert_reversible(WORKING, verdicts)
    assert verify.facts["isolation"] == "role"


def test_extensions_trusted_and_not_are_created_by_migrations(verify, place):
    available = {name for (name,) in place.execute("SELECT name FROM pg_available_extensions")}
    cases = {name: case for name, case in EXTENSIONS.items() if name in available}
    assert cases
    assert_reversible(cases, verify(as_steps(place, cases)))


def test_a_baseline_by_pg_dump_in_one_statement_is_reversible(verify, place):
    cases = {"baseline": ([BASELINE], [UNDO])}
    assert_reversible(cases, verify(as_steps(place, cases)))


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_what_only_a_superuser_may_do_fails_and_says_how_to_allow_it(verify, place):
    steps = [(f"r{number}", f"op.execute({sql!r})") for number, (sql, _) in enumerate(REFUSED.values())]
    verdicts = verify(steps, chain=False)
    for number, (name, (_, words)) in enumerate(REFUSED.items()):
        [failure] = verdicts[f"r{number}"].failures
        assert words in failure.message, name
        assert "mrt_create" not in failure.message
        assert 'set isolation = "statements" under [tool.mrt]' in failure.message, name
        assert failure.line == 12


@pytest.mark.parametrize("is_in_use", [False, True])
def test_what_the_given_database_holds_is_there_and_belongs_to_the_migrations(verify, place, is_in_use):
    """Whether it can be copied, or, while somebody is connected to it, only described."""
    place.execute("CREATE SCHEMA app", database=place.given)
    available = {name for (name,) in place.execute("SELECT name FROM pg_available_extensions")}
    extension = "hstore" if "hstore" in available else "vector"
    place.execute(
        f"CREATE EXTENSION {extension} SCHEMA app",
        f'ALTER DATABASE {place.given} SET search_path TO "$user", app, public',
        database=place.given,
    )
    engine = place.engine(place.given)
    connection = engine.connect() if is_in_use else None
    up = f"op.execute('CREATE TABLE app.t (id int PRIMARY KEY, v {extension})'); op.execute('ALTER SCHEMA app RENAME TO a2'); op.execute('ALTER SCHEMA a2 RENAME TO app')"
    try:
        [verdict] = verify([("a", up, "op.execute('DROP TABLE t')")]).values()
        assert verdict.passed, verdict
    finally:
        if connection is not None:
            connection.close()
        place.execute("DROP SCHEMA app CASCADE", f"ALTER DATABASE {place.given} RESET search_path", database=place.given)


def test_what_is_left_behind_names_roles_as_the_migration_does(verify, place):
    """Owners and grants of roles that the run made are compared, too."""
    table = ("a", "op.execute('CREATE TABLE t (id int PRIMARY KEY)')", "op.execute('DROP TABLE t')")
    made = ("b", "op.execute('CREATE ROLE fresh')", "op.execute('DROP OWNED BY fresh; DROP ROLE fresh')")
    kept = ("c", f"op.execute('GRANT SELECT ON t TO fresh; ALTER TABLE t OWNER TO {place.name}_owner')", "pass")
    verdicts = verify([table, made, kept])
    messages = [failure.message for failure in verdicts["c"].failures]
    assert verdicts["a"].passed
    assert verdicts["b"].passed
    assert any("fresh" in message for message in messages), messages
    assert any(f"{place.name}_owner" in message for message in messages), messages
    assert not any("_as" in message for message in messages), messages
