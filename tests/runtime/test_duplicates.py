"""Rows with equal values are there where a migration deletes duplicates, so that their loss is seen."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLE = """op.create_table("tag", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("shop", sa.Integer()),
        sa.Column("word", sa.String(40)))"""
UNIQUE = '\n    op.create_unique_constraint("uq_tag", "tag", ["shop", "word"])'
MAPPED = """from sqlalchemy import orm
    class Tag(orm.declarative_base()):
        __tablename__ = "tag"
        id = sa.Column(sa.Integer, primary_key=True)
        shop = sa.Column(sa.Integer)
        word = sa.Column(sa.String)
    session = orm.Session(op.get_bind())
    seen = {{}}
    for tag in session.query(Tag).order_by(Tag.id).all():
        {body}
    session.commit()"""
SPELLINGS = {
    "GROUP BY": 'op.execute("DELETE FROM tag WHERE id NOT IN (SELECT min(id) FROM tag GROUP BY shop, word)")',
    "USING": 'op.execute("DELETE FROM tag a USING tag b WHERE a.id > b.id AND a.shop = b.shop AND a.word = b.word")',
    "ROW_NUMBER": '''op.execute("""DELETE FROM tag WHERE id IN (SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY shop, word ORDER BY id) AS n FROM tag) AS s WHERE n > 1)""")''',
    "a tuple": MAPPED.format(
        body="""key = (tag.shop, tag.word)
        if key in seen:
            session.delete(tag)
        seen[key] = tag"""
    ),
    "a text": MAPPED.format(
        body="""if seen.get("{}-{}".format(tag.shop, tag.word)):
            session.delete(tag)
        seen["{}-{}".format(tag.shop, tag.word)] = tag"""
    ),
}


@pytest.mark.parametrize("after", ["", UNIQUE], ids=["alone", "before a key"])
@pytest.mark.parametrize("kind", SPELLINGS)
def test_what_deletes_duplicates_loses_rows(project, postgres_url, kind, after):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("tag")')
    down = 'op.drop_constraint("uq_tag", "tag")' if after else "pass"
    project.add("002", "001", upgrade=SPELLINGS[kind] + after, downgrade=down)
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is Outcome.DATA_LOSS, verdict
    assert "'tag': 1/" in verdict.failures[0].message


def test_no_duplicates_are_made_where_a_key_forbids_them(project, postgres_url):
    project.add("001", upgrade=TABLE + UNIQUE, downgrade='op.drop_table("tag")')
    project.add("002", "001", upgrade=SPELLINGS["GROUP BY"], downgrade="pass")
    with Verification(project.config(db_url=postgres_url)) as verification:
        *_, verdict = verification.check_all()
    assert verdict.outcome is not Outcome.UPGRADE_FAILED
