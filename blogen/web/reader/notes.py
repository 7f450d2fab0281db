"""Footnotes that open where they stand: each mark shows its passage, without a script.

A browser opens what `popover` names by itself; the notes at the end of the post stay, for print and for who reads on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from re import Match

_MARK: Final = re.compile(r'<a id="(r-[\w-]+)" href="#b-([\w-]+)" role="doc-noteref">([^<]*)</a>')
_NOTE: Final = re.compile(r'<li id="b-([\w-]+)"[^>]*>(.*?)</li>', re.DOTALL)
_BACK: Final = re.compile(r' <a class="back"[^>]*>[^<]*</a>')
_NOTES: Final = '<section class="notes"'


def opening(html: str) -> str:
    """The HTML of a post's body (`render.html.to_html`) with its passages beside the marks that lead to them."""
    body, found, notes = html.partition(_NOTES)
    if not found:
        return html
    passages = {match[1]: _BACK.sub("", match[2]) for match in _NOTE.finditer(notes)}

    def mark(match: Match[str]) -> str:
        mark_id, note, label = match.groups()
        if note not in passages:
            return match[0]
        return (
            f'<button type="button" id="{mark_id}" popovertarget="n-{note}" aria-label="Note {label}">{label}</button>'
        )

    marked = _MARK.sub(mark, body)
    shown = "".join(
        f'<div popover id="n-{note}" class="passage">{said} <a href="#b-{note}">All notes</a></div>'
        for note, said in passages.items()
        if f'popovertarget="n-{note}"' in marked
    )
    return f"{marked}{found}{notes}{shown}"
