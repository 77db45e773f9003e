"""What earlier turns of a loop over rows may have put into a list, set or dict: duplicates that Python deletes (MRT406)."""

import pytest

from mrt_lint import rules
from mrt_lint.model import ops
from mrt_lint.model.context import RuleContext
from tests.lint.marked import read
from tests.lint.test_downgrade_kinds import BASE, HEAD, told

QUERY = 'rows = op.get_bind().execute(sa.text("SELECT id, code FROM parcels")).fetchall()'
DELETE = 'op.get_bind().execute(sa.text("DELETE FROM parcels WHERE id = :id"), {"id": row.id})'
ORM = """
from sqlalchemy.orm import Session, declarative_base
class Parcel(declarative_base()):
    __tablename__ = "parcels"
    id = sa.Column(sa.Integer, primary_key=True)
    code = sa.Column(sa.Text)

def clean():
    session = Session(bind=op.get_bind())
    {}
    for row in session.query(Parcel).all():
        {}
    session.commit()

clean()
"""
LOOPS = {
    "a dict by get()": f"seen = {{}}\nfor row in rows:\n    if seen.get(row.code):\n        {DELETE}\n    else:\n        seen[row.code] = True",
    "a dict by a text": (
        f"seen = {{}}\nfor row in rows:\n    if seen.get('{{}}-x'.format(row.code)):\n        {DELETE}\n"
        "    else:\n        seen['{}-x'.format(row.code)] = True"
    ),
    "a dict by in": f"seen = dict()\nfor row in rows:\n    if row.code in seen:\n        {DELETE}\n        continue\n    seen[row.code] = row",
    "a set": f"seen = set()\nfor row in rows:\n    if row.code in seen:\n        {DELETE}\n    seen.add(row.code)",
    "a list": f"seen = []\nfor row in rows:\n    if row.code not in seen:\n        seen.append(row.code)\n    else:\n        {DELETE}",
    "whether it is empty": f"seen = []\nfor row in rows:\n    if seen:\n        {DELETE}\n    seen.append(row.id)",
    "a dict that is empty": f"seen = {{}}\nfor row in rows:\n    if not seen:\n        seen[row.code] = 1\n    else:\n        {DELETE}",
    "in a while": (
        f"seen = set()\nrow = rows.pop()\nwhile row:\n    if row.code in seen:\n        {DELETE}\n    seen.add(row.code)\n    row = rows.pop()"
    ),
    "a comprehension": f"seen = set()\nfor row in [r for r in rows if r.code in seen or seen.add(r.code)]:\n    {DELETE}",
    "marked first": (
        f"seen, late = set(), []\nfor row in rows:\n    if row.code in seen:\n        late.append(row)\n    seen.add(row.code)\n"
        f"if late:\n    for row in late:\n        {DELETE}"
    ),
}
KEY = '\nop.create_unique_constraint("uq", "parcels", ["code"])'


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_rows_that_were_met_before_are_deleted(loop: str):
    assert "MRT406" not in {each.code for each in told([BASE, (f"{QUERY}\n{loop}{KEY}", "pass")])}


@pytest.mark.parametrize("kept", ["seen = {}", "seen = set()"])
def test_objects_of_a_session_that_were_met_before_are_deleted(kept: str):
    noted = "seen[row.code] = True" if "{" in kept else "seen.add(row.code)"
    loop = f"if row.code in seen:\n            session.delete(row)\n        else:\n            {noted}"
    assert "MRT406" not in {each.code for each in told([BASE, (ORM.format(kept, loop) + KEY, "pass")])}


def done(body: str) -> list[ops.Op]:
    lines = "\n    ".join(body.splitlines())
    return list(read(f"{HEAD.format('r1', None)}def upgrade():\n    {lines}\n").upgrade_ops)


def test_what_a_loop_puts_under_names_of_its_own_is_known_behind_it():
    body = f"{QUERY}\nnames = []\nkinds = {{}}\nfor row in rows:\n    names.append('towns')\n    kinds['a'] = row.code\n"
    body += "for name in names:\n    op.drop_table(name)\nif 'b' in kinds:\n    op.drop_table('shops')"
    assert [op.table for op in done(body) if isinstance(op, ops.DropTable)] == ["towns"]
    migration = read(f"{HEAD.format('r1', None)}def upgrade():\n    " + "\n    ".join(body.splitlines()))
    assert not migration.unreadable
    assert rules.check(migration, RuleContext(), rules.all_rules())
