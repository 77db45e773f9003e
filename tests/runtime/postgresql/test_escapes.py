"""On PostgreSQL nothing outside of the scratch database changes, whatever a migration executes and however it is written."""

import re
from random import Random

import pytest
import sqlalchemy as sa

from benchmarks.postgresql_escapes import ALONE, ELSEWHERE, FORMS, NESTS, Victim, try_escapes, write_call
from tests.axes import keep_every
from tests.runtime.own_names import own

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def harmed(embedded_server):
    """A victim that is harmed, by one test after the other: another one each time would take three databases each time."""
    made = Victim(embedded_server, own("expendable"))
    yield made
    made.remove()


@pytest.fixture
def expendable(harmed):
    """The same, with all that a statement needs, and without what an earlier one made."""
    databases = {name for (name,) in harmed.execute("SELECT datname FROM pg_database")}
    roles = {name for (name,) in harmed.execute("SELECT rolname FROM pg_roles")}
    for kind, found in (("DATABASE", databases), ("ROLE", roles)):
        for end in ("made", "other"):
            harmed.execute(f"DROP {kind} IF EXISTS {harmed.name}_{end}")
        if f"{harmed.name}_spare" not in found:
            harmed.execute(f"CREATE {kind} {harmed.name}_spare")
    (harmed.folder / "escaped").unlink(missing_ok=True)
    return harmed


@pytest.mark.parametrize("form", keep_every(4, sorted(FORMS.keys() - ELSEWHERE)))
def test_as_a_superuser_each_form_changes_the_victim(expendable, form):
    """Otherwise the tests below could not fail."""
    before = expendable.fingerprint()
    expendable.execute(expendable.fill(FORMS[form]))
    assert expendable.fingerprint() != before


def test_as_a_superuser_a_statement_in_each_nest_is_executed(expendable):
    engine = sa.create_engine(expendable.server.set(database=expendable.name), poolclass=sa.NullPool)
    seen = expendable.fingerprint()["comments"]
    for nest in sorted(NESTS.keys() - {"as an event trigger's owner"}):
        with engine.begin() as connection:
            connection.connection.cursor().execute(NESTS[nest](f"COMMENT ON DATABASE {expendable.name} IS '{nest.encode().hex()}'"))
        before, seen = seen, expendable.fingerprint()["comments"]
        assert seen != before, nest
        expendable.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", database=expendable.name)


def test_no_composition_changes_anything_outside(place, tmp_path):
    before = place.fingerprint()
    became = try_escapes(place, Random(1), 100, tmp_path)
    assert became.keys() == {"refused", "executed"}
    assert became["refused"] > 60
    assert place.fingerprint() == before
    assert place.leftovers() == []


@pytest.mark.parametrize(
    ("place", "forms"),
    [
        ("embedded", [*FORMS][::3]),
        ("postgres", [*FORMS][::4]),
        pytest.param("embedded", [*FORMS], marks=pytest.mark.exhaustive),
    ],
    indirect=["place"],
)
def test_each_form_is_refused_left_out_or_done_to_the_scratch_database_and_computed_in_a_block_refused(verify, place, forms):
    """As written, the result says what was left out; where no reader can see what it is, the server refuses it."""
    steps = []
    for number, form in enumerate(forms):
        sql = place.fill(FORMS[form])
        steps.append((f"plain{number}", write_call("autocommit" if form in ALONE else "op.execute", sql)))
        steps.append((f"computed{number}", write_call("op.execute", NESTS["execute in pieces"](sql))))
    verdicts = verify(steps, chain=False)
    for number, form in enumerate(forms):
        plain, computed = verdicts[f"plain{number}"], verdicts[f"computed{number}"]
        told = [failure for verdict in (plain, computed) for failure in verdict.failures]
        assert all("\n" not in failure.message and failure.line for failure in told), form
        assert not plain.passed or any(re.search(TOLD, note) for note in plain.warnings), (form, plain)
        assert not computed.passed or form in QUIET, (form, computed)


TOLD = "was not run|on the scratch database|for this run only"
QUIET = {"grant on a database", "revoke on a database"}
"""PostgreSQL answers with a warning to those who have no say, and changes nothing."""
