"""Other releases on a copy of real rows."""

import pytest

from mrt_runtime.verdict import OLD_RELEASE
from tests.axes import DATABASES, keep

DROPS = ("drops", 'op.drop_column("users", "phone")', 'op.add_column("users", sa.Column("phone", sa.String(20)))')


@pytest.mark.slow
@pytest.mark.parametrize("source", keep(DATABASES, "postgres"), indirect=True)
def test_what_the_older_release_executes_is_tried_on_the_copy(source, rehearse):
    found, plain = (rehearse(source, DROPS, old_code=is_on)["drops"].verdict for is_on in (True, False))
    assert [(one.kind, one.table, one.column, one.line) for one in found.rolling.breaks] == [(OLD_RELEASE, "users", "phone", 12)]
    assert plain.failures == found.failures
    assert plain.rolling is None
