"""Words are counted as their readers count them."""

import pytest

from blogen.render.markdown import NoteSource, to_blocks
from blogen.render.text import plain_text, reading_minutes, word_count


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("", "en", 0),
        ("One two, three: don't stop-gap 3.14!", "en", 6),
        ("Größe über alles — naïveté", "de", 4),
        ("日本語の文章です。", "ja", 8),
        ("我们用 SQLite 存储数据", "zh-Hans", 8),
        ("한국어 문장은 띄어 씁니다", "ko", 4),
        ("大韓民國 만세", "ko", 2),
        ("สวัสดีชาวโลก", "th", 3),
        ("Привет, мир", "ru", 2),
        ("مرحبا بالعالم", "ar", 2),
        ("😀 — …", "en", 0),
    ],
)
def test_words_are_counted(text, language, words):
    assert word_count(text, language) == words


def test_reading_takes_at_least_a_minute_and_is_rounded_up():
    assert [reading_minutes(words) for words in (0, 220, 221, 1500)] == [1, 1, 2, 7]
    assert reading_minutes(1500, "ja") == reading_minutes(1500, "zh-Hant") == 4


def test_plain_text_has_every_word_but_no_marks_and_no_notes_unless_asked():
    blocks = to_blocks(
        "## Head\n\nOne **two**[^a].\n\n- three\n- four\n\n```\nfive()\n```\n\n|six|seven|\n|-|-|\n|eight||\n\n***",
        [NoteSource("a", "Nine.", "Ten")],
    )
    assert plain_text(blocks) == "Head\n\nOne two.\n\nthree\nfour\n\nfive()\n\nsix seven\neight"
    assert plain_text(blocks, with_notes=True).endswith("“Nine.” — Ten")
