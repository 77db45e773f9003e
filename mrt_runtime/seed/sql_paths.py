"""Which keys of a JSON column SQL reads, and as values of which type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrt_runtime.seed.json_texts import BOOLEAN, DATE, ITEM, NUMBER, UUID, JsonPath

NAME = r"(?:\w+\.)?[\"`]?(?P<name>\w+)[\"`]?"
READ_AS_JSON = re.compile(
    rf"\bjson_(?:set|insert|replace|(?P<reads>extract|extract_path(?:_text)?|remove|type|keys|each|tree|array_length|query|value))"
    rf"\s*\(\s*{NAME}\s*(?:,\s*'\$\.?(?P<path>[^']*)')?"
    rf"|(?P<items>\bjsonb?_array_(?:elements(?:_text)?|length)\s*\(\s*)?"
    rf"\(?{NAME.replace('<name>', '<arrow>')}(?:\s*::\s*jsonb?)?\)?(?P<keys>(?:\s*->>?\s*'(?:\$\.)?[^']*')+)",
    re.IGNORECASE,
)
"""A column that SQL reads as JSON, with the path: json_extract(a, '$.b.c'), a->>'b', jsonb_array_elements(a->'b'->'c')."""
KEY = re.compile(r"'(?:\$\.)?([^']*)'")
READ_AS_NUMBER = re.compile(r"\s*\)*\s*(?:=|<>|!=|[<>]=?|\bBETWEEN\b)\s*-?\d", re.IGNORECASE)
"""What follows where a number is read: json_extract(a, '$.b') > 5."""
READ_AS = re.compile(r"\s*\)*\s*(?:::\s*|AS\s+)(\w+)", re.IGNORECASE)
"""What follows where a value is converted: (a->>'b')::int, CAST(a->>'b' AS int)."""
LEAVES = {
    **dict.fromkeys(("int", "int2", "int4", "int8", "integer", "bigint", "smallint", "signed", "unsigned"), NUMBER),
    **dict.fromkeys(("numeric", "decimal", "float", "float4", "float8", "double", "real"), NUMBER),
    **dict.fromkeys(("bool", "boolean"), BOOLEAN),
    **dict.fromkeys(("date", "timestamp", "timestamptz", "datetime"), DATE),
    "uuid": UUID,
}


def find_sql_paths(sql: str) -> Iterator[tuple[str, JsonPath]]:
    """Yield the columns that SQL reads as JSON, each with the path of keys that it reads."""
    for found in READ_AS_JSON.finditer(sql):
        if found["arrow"] is not None:
            keys: JsonPath = tuple(key for text in KEY.findall(found["keys"]) for key in re.findall(r"\w+", text))
        else:
            keys = tuple(re.findall(r"\w+", found["path"] or "")) if found["reads"] else ()
        if found["items"]:
            keys = (*keys, ITEM)
        elif keys:
            converted = READ_AS.match(sql, found.end())
            leaf = LEAVES.get(converted[1].lower()) if converted is not None else None
            leaf = NUMBER if READ_AS_NUMBER.match(sql, found.end()) else leaf
            keys = (*keys, leaf) if leaf is not None else keys
        yield found["name"] or found["arrow"], keys
