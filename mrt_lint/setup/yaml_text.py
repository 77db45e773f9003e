"""YAML files with something added: the text is extended and then read again, so that nothing of what is there can be lost."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import yaml


def with_item(text: str, key: str, item: str) -> str | None:
    """Return a YAML text whose list under a key of the top has one item more at its end; None where that cannot be done for sure.

    `item` is written as a block that begins with "- ".
    """
    document = _compose(text)
    listed = _value(document, key)
    if not isinstance(listed, yaml.SequenceNode) or listed.flow_style or not listed.value:
        return None
    place = _end(text, listed)
    block = textwrap.indent(item.strip("\n"), " " * listed.start_mark.column)
    after = _joined(text[:place], block, text[place:])
    grown = _compose(after)
    before, now = _plain(document), _plain(grown)
    kept = [(name, value[:-1] if name == key else value) for name, value in now] if now else []
    return after if kept == before and len(_value(grown, key).value) == len(listed.value) + 1 else None


def with_key(text: str, block: str) -> str | None:
    """Return a YAML text that has one key more at the top, written as a block; None where that cannot be done for sure."""
    document = _compose(text)
    if not isinstance(document, yaml.MappingNode) or document.flow_style:
        return None
    after = _joined(text.rstrip("\n") + "\n", "\n" + block.strip("\n"), "")
    now = _plain(_compose(after))
    return after if now and now[:-1] == _plain(document) else None


def keys(text: str) -> list[str]:
    """Return the keys at the top of a YAML text; none if it cannot be read."""
    return [name for name, _ in _plain(_compose(text))]


def words(text: str, key: str) -> list[str]:
    """Return the plain items of the list under a key of the top."""
    listed = _value(_compose(text), key)
    items = listed.value if isinstance(listed, yaml.SequenceNode) else []
    return [item.value for item in items if isinstance(item, yaml.ScalarNode)]


def _compose(text: str) -> Any:
    """Return the nodes of a YAML text with one document; None for all else. No tag is resolved, so that GitLab's can be there."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None


def _value(document: Any, key: str) -> Any:
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    return next((value for name, value in pairs if isinstance(name, yaml.ScalarNode) and name.value == key), None)


def _plain(document: Any) -> list[tuple[str, Any]]:
    """Return what a mapping of nodes says, without where it is."""
    if not isinstance(document, yaml.MappingNode):
        return []
    try:
        return [(str(_said(name)[1]) if isinstance(name, yaml.ScalarNode) else "", _items(value)) for name, value in document.value]
    except RecursionError:
        return []


def _items(node: Any) -> Any:
    return [_said(item) for item in node.value] if isinstance(node, yaml.SequenceNode) else _said(node)


def _said(node: Any) -> tuple[Any, ...]:
    if isinstance(node, yaml.MappingNode):
        return (node.tag, [(_said(name), _said(value)) for name, value in node.value])
    if isinstance(node, yaml.SequenceNode):
        return (node.tag, [_said(item) for item in node.value])
    return (node.tag, node.value)


def _end(text: str, node: Any) -> int:
    """Return where the line after the last thing in a node begins; comments below it belong to what follows."""
    last = max((leaf.end_mark for leaf in _leaves(node)), key=lambda mark: mark.index)
    if last.column == 0 and last.index > 0:  # behind a block of text, whose end is the next line's beginning
        return int(last.index)
    end = text.find("\n", last.index)
    return len(text) if end < 0 else end + 1


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        for name, value in node.value:
            yield from (*_leaves(name), *_leaves(value))
    elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
        for item in node.value:
            yield from _leaves(item)
    else:
        yield node


def _joined(before: str, block: str, after: str) -> str:
    return f"{before}{'' if not before or before.endswith(chr(10)) else chr(10)}{block}\n{after}"
