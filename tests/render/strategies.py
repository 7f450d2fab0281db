"""Markdown as hypothesis thinks of it: any text, and pieces that mean something when they meet."""

from hypothesis import strategies as st

PIECES = [
    "# ", "## ", "###### ", "> ", ">> ", "- ", "* ", "1. ", "9) ", "    ", "\t", "\n", "\n\n", "  \n", "\\\n",
    "---", "***", "**", "*", "_", "__", "`", "``", "```", "```python\n", "~~~", "|", "| a | b |\n|---|---|\n| c | d |",
    "[", "]", "(",
    ")", "![", "](", "](cover)", "](/media/aa/x.webp)", "[^s1.1]", "[^s1.2]", "[^nope]", "[^s1.1]: ", "[x]: http://a.b",
    "<", ">", "</", "<b>", "<script>", "</script>", "<!--", "-->", "<div>\n", "<br>", "&amp;", "&#0;", "&#x1;",
    "\\", "!", "]",
    "http://example.org/a?b=c", "javascript:alert(1)", "<http://example.org>",
    "<mailto:a@b.example>", "word", "Word two",
    "日本", "語。", "e\u0301", "\u202e", "\x00", "\r\n", "😀", "ß", "\u00a0", "\u2028", "#", "+ ", "=",
    "===\n", ":", '"', "'",
]  # fmt: skip

pieces = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
anything = st.text(max_size=200)
markdown = st.one_of(pieces, anything, st.lists(st.one_of(pieces, anything), max_size=4).map("\n\n".join))

words = st.text(st.sampled_from("abcdefgh äöü日本"), min_size=1, max_size=40).map(str.strip).filter(bool)
