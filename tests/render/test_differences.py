"""What differs between two texts, for people."""

from blogen.render.differences import Line, Piece, compare, compare_line


def said(lines):
    return [(line.kind, "".join(piece.text for piece in line.pieces) or line.skipped) for line in lines]


def test_an_edited_line_shows_its_words_and_far_lines_are_left_out():
    before = "\n\n".join(["One.", "Two.", "Three.", "Hot water it is.", "Five.", "Six.", "Seven."])
    lines = compare(before, before.replace("Hot", "Cold"))
    assert lines == [
        Line("skipped", (), 2),
        Line("same", (Piece("Three.", "same"),)),
        Line("edited", [Piece("Hot", "out"), Piece("Cold", "in"), Piece(" water it is.", "same")]),
        Line("same", (Piece("Five.", "same"),)),
        Line("skipped", (), 2),
    ]


def test_lines_that_have_little_in_common_are_two():
    assert said(compare("All about tea.", "Nothing but coffee, 9 o'clock!")) == [
        ("out", "All about tea."), ("in", "Nothing but coffee, 9 o'clock!")
    ]  # fmt: skip
    assert said(compare("a\nb", "a\nnew\nb")) == [("same", "a"), ("in", "new"), ("same", "b")]
    assert compare("", "") == compare_line("", "") == []
    assert said(compare("same\nsame 2\nsame 3", "same\nsame 2\nsame 3")) == [("skipped", 3)]


def test_both_texts_can_be_read_from_what_differs():
    before, after = "Tea is\nbest at dawn,\nsays the cook.", "Tea was\nbest\nat dawn, says the cook."
    lines = compare(before, after)
    for kind, text in (("out", before), ("in", after)):
        read = [
            "".join(piece.text for piece in line.pieces if piece.kind in {"same", kind})
            for line in lines
        ]  # fmt: skip
        assert [line for line in read if line] == text.splitlines()


def test_what_is_too_long_to_compare_is_still_told_in_time():
    before = " ".join(f"w{number}" for number in range(30_000))
    pieces = compare_line(before, before.replace("w15000 ", "x y z "))
    assert [(piece.text, piece.kind) for piece in pieces if piece.kind != "same"] == [
        ("w15000", "out"), ("x y z", "in")
    ]  # fmt: skip
