"""PostgreSQL's and its extensions' types that nothing is computed about, with a handful of values each."""

from __future__ import annotations

from mrt_runtime.seed.value_kind import Choices, Templated, ValueKind


def _each(form: str, *edges: str, bare: str | None = None, limit: int = 27) -> Templated:
    return Templated(form, edges, () if bare is None else (bare,), limit)


EXOTICS: dict[str, ValueKind] = {
    "uuid": _each("5eed{place:04d}-0000-4000-8000-{n:012d}", limit=10**9),  # no two rows of an application have the same one
    "interval": _each("{n} days 02:03:04", "-1 years -2 mons +3 days -04:05:06.789", "178 years 11 mons", bare="00:00:00"),
    "money": _each("{n}.25", "-92233720368547758.08", "92233720368547758.07", bare="0"),
    "inet": _each("192.0.2.{n}", "2001:db8::f/64", "10.1.2.3/8", bare="0.0.0.0"),  # noqa: S104 a value, nothing binds to it
    "cidr": _each("192.0.{n}.0/24", "2001:db8::/32", "0.0.0.0/0"),
    "macaddr": _each("08:00:2b:01:02:{n:02d}", "ff:ff:ff:ff:ff:ff", bare="00:00:00:00:00:00"),
    "macaddr8": _each("08:00:2b:01:02:03:04:{n:02d}", "ff:ff:ff:ff:ff:ff:ff:ff", bare="00:00:00:00:00:00:00:00"),
    "xml": _each("<row>{n}</row>", '<a b="&lt;&quot;">Ünï <!-- c --><d/></a>'),
    "tsvector": _each("'word{n}':1A 'rollback':2", "'O''Brien':3 'ünï':1,2B", bare=""),
    "tsquery": _each("'word{n}' & 'rollback'", "!'a' | 'b':*", bare=""),
    "point": _each("({n},2.5)", "(-1e30,1e30)", bare="(0,0)"),
    "line": _each("{{{n},-1,0}}", "{0,1,-5}"),
    "lseg": _each("[(0,0),({n},1)]", "[(-1e30,0),(1e30,0)]"),
    "box": _each("({m},{m}),({n},{n})", "(1e30,1e30),(-1e30,-1e30)", bare="(0,0),(0,0)"),
    "path": _each("((0,0),(1,{n}),(2,0))", "[(0,0),(1,1)]"),
    "polygon": _each("((0,0),(1,{n}),(2,0))", "((0,0),(0,1e30),(1e30,1e30),(1e30,0))"),
    "circle": _each("<({n},0),2>", "<(0,0),1e30>", bare="<(0,0),0>"),
    "pg_lsn": _each("0/1{n:x}", "FFFFFFFF/FFFFFFFF", bare="0/0"),
    "pg_snapshot": _each("1{n}:2{n}:1{n}", bare="1:1:"),
    "txid_snapshot": _each("1{n}:2{n}:1{n}", bare="1:1:"),
    "xid8": _each("{n}", "18446744073709551615"),
    "xid": _each("{n}", "4294967295"),
    "tid": _each("(0,{n})"),
    '"char"': _each("{n:x}"),
    "jsonpath": _each('$."key{n}"', "strict $[*]"),
    "regclass": Choices(("pg_catalog.pg_class", "pg_catalog.pg_type", "pg_catalog.pg_proc")),
    "regtype": Choices(("integer", "text", "boolean")),
    "regproc": Choices(("pg_catalog.now", "pg_catalog.version")),
    "refcursor": _each("cursor{n}"),
    "hstore": _each('"key"=>"{n}", "tags"=>NULL', '"O\'Brien \\"q\\""=>"Ünï, =>"', bare=""),
    "ltree": _each("top.branch{n}.leaf", "A.b_C.0042", bare=""),
    "lquery": _each("top.*{{{n},}}.leaf"),
    "ltxtquery": _each("word{n} & leaf"),
    "cube": _each("({n}, 2)", "(-1e30, 0),(1e30, 1)", bare="(0)"),
    "seg": _each("{n} .. {m}", "< 5.0"),
    "isbn": Choices(("978-0-393-04002-9", "0-306-40615-2")),
    "ean13": Choices(("978-0-393-04002-9", "400-638133393-1")),
    "geometry": _each("POINT({n} 2)"),
    "geography": _each("POINT({n} 2)"),
}
SPANS = {
    "int4range": ("[{n}0,{n}5)", "[-2147483648,2147483646)", "(,)"),
    "int8range": ("[{n}0,{n}5)", "[-9223372036854775808,9223372036854775806)", "(,)"),
    "numrange": ("[{n}.5,{n}.75]", "(-1e30,1e30)", "(,)"),
    "daterange": ("[2021-01-{n:02d},2021-01-{m:02d})", "[1901-12-13,9999-12-31)", "(,)"),
    "tsrange": ("[2021-01-{n:02d} 03:04:05,2021-01-{m:02d} 00:00:00)", "[2038-01-19 03:14:08.999999,)", "(,)"),
    "tstzrange": ("[2021-01-{n:02d} 03:04:05+00,2021-01-{m:02d} 00:00:00+00)", "[2038-01-19 03:14:08.999999+05:45,)", "(,)"),
}


def ranges_of(base: str) -> ValueKind | None:
    """Return ranges (and, for the name of a multirange, sets of ranges) that do not overlap; None for any other type."""
    span = SPANS.get(base)
    if span is not None:
        return _each(*span, bare="empty")
    span = SPANS.get(base.replace("multirange", "range"))
    if span is None:
        return None
    return _each("{{" + span[0] + "}}", "{" + span[1] + "}", bare="{}")
