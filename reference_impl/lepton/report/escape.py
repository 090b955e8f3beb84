"""Text of a stranger's package, made safe to show.

Serves COR-ESC-01.
"""

__all__ = ["for_html", "for_terminal"]


def for_terminal(text: str) -> str:
    """Return `text` with every character that is not printable (controls, separators, bidi) escaped."""
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else _escaped(mark) for mark in text)


def for_html(text: str) -> str:
    """Return `text` safe as HTML or XML, in an element or in a quoted attribute."""
    import html

    return html.escape(for_terminal(text), quote=True)


def _escaped(mark: str) -> str:
    number = ord(mark)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
