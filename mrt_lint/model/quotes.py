"""Names and texts in quotes, as SQL has them."""


def in_quotes(text: str, mark: str) -> str:
    """Return a text between two marks, with those in it doubled."""
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"
