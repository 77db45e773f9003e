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


PAGES = """op.create_table("pages", sa.Column("id", sa.Integer, primary_key=True), sa.Column("slug", sa.String(40), nullable=False),
        sa.Column("title", sa.String(40), nullable=False))"""
INDEX = '\n    op.create_index("ux", "pages", ["{}"], unique=True)'
RENUMBER = """taken = set()
    for page in op.get_bind().execute(sa.text("SELECT id, slug, title FROM pages")).all():
        slug = base = page.{}
        while slug in taken:
            slug = f"{{base}}-{{len(taken)}}"
        taken.add(slug)
        if slug != base or "{}" == "name":
            op.get_bind().execute(sa.text("UPDATE pages SET {} = :s WHERE id = :i"), {{"s": slug, "i": page.id}})"""
NEW = (
    'op.add_column("pages", sa.Column("name", sa.String(80)))\n    '
    + RENUMBER.format("title", "name", "name")
    + INDEX.format("name")
)
OTHER_VALUES = {
    "one by one": RENUMBER.format("slug", "slug", "slug") + INDEX.format("slug"),
    "counted": """for row in op.get_bind().execute(sa.text("SELECT slug, max(id) AS id FROM pages GROUP BY slug HAVING count(*) > 1")).all():
        op.get_bind().execute(sa.text("UPDATE pages SET slug = :s WHERE id = :i"), {"s": f"{row.slug}-2", "i": row.id})"""
    + INDEX.format("slug"),
}


@pytest.mark.parametrize("kind", OTHER_VALUES)
def test_what_gives_duplicates_other_values_loses_those(verify, sqlite_url, kind):
    verdict = verify(sqlite_url, (PAGES, 'op.drop_table("pages")'), (OTHER_VALUES[kind], 'op.drop_index("ux", "pages")'))["002"]
    assert verdict.outcome is Outcome.DATA_LOSS, verdict
    assert "'pages.slug': 1/" in verdict.failures[0].message


def test_what_makes_a_new_key_of_duplicates_is_checked_with_some(verify, sqlite_url):
    back = 'op.drop_index("ux", "pages")\n    op.drop_column("pages", "name")'
    verdict = verify(sqlite_url, (PAGES, 'op.drop_table("pages")'), (NEW, back))["002"]
    assert verdict.outcome is Outcome.REVERSIBLE, verdict
    assert not verdict.unmet


def test_without_its_loop_duplicates_break_it(verify, sqlite_url):
    back = 'op.drop_index("ux", "pages")\n    op.drop_column("pages", "name")'
    broken = NEW.replace('slug = f"{base}-{len(taken)}"', "break")
    verdict = verify(sqlite_url, (PAGES, 'op.drop_table("pages")'), (broken, back))["002"]
    assert verdict.outcome is Outcome.UPGRADE_FAILED
    assert verdict.failures[0].refusal.kind == "duplicate"


@pytest.mark.parametrize(
    ("old", "new"),
    [("taken.add(slug)", "pass"), (", unique=True", ", postgresql_concurrently=False")],
    ids=["nothing met", "no key"],
)
def test_no_duplicates_are_made_of_values_that_are_looked_for_elsewhere_or_may_repeat(verify, sqlite_url, old, new):
    there = OTHER_VALUES["one by one"].replace(old, new)
    verdict = verify(sqlite_url, (PAGES, 'op.drop_table("pages")'), (there, 'op.drop_index("ux", "pages")'))["002"]
    assert verdict.outcome is Outcome.REVERSIBLE, verdict
    assert verdict.unmet


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
