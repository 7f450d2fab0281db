"""Numbers as people write them in many languages."""

from decimal import Decimal

import pytest

from blogen.writing.figures import Figures, figures


@pytest.mark.parametrize(
    ("source", "statement"),
    [
        ("1,000 jobs", "1000 jobs"),
        ("1.000 Aufträge", "1000 Aufträge"),
        ("1 000 tâches", "1000 tâches"),
        ("1\u202f000 tâches", "1,000 jobs"),
        ("1'000 Stück", "1000 Stück"),
        ("12,345,678 rows", "12.345.678 Zeilen"),
        ("3.5 s", "3,5 seconds"),
        ("1,234.5 km", "1.234,5 Kilometer"),
        ("35 per cent", "35%"),
        ("35 Prozent", "35 %"),
        ("35 pour cent", "35 %"),
        ("3 million people", "3,000,000 people"),
        ("3 Millionen", "3 million"),
        ("44k requests", "44,000 requests"),
        ("3億円", "300,000,000 yen"),
        ("٤٥ كم", "45"),
        ("5 to 7 ms", "5 ms and 7 ms"),
        ("between 2 and 3 hours", "2 hours"),
        ("$5", "5 dollars"),
        ("€ 3,50", "3.50 euros"),
        ("in the 1990s", "around 1990"),
        ("2026-08-02", "2 August 2026"),
        ("版本2020年发布", "2020"),
        ("10 MB", "10 megabytes"),
        ("-5 °C", "-5 °C"),
        ("x86", "86"),
    ],
)
def test_the_same_figure(source, statement):
    found = figures(statement)
    assert found
    assert all(Figures(source).bear(figure) for figure in found), (found, figures(source))


@pytest.mark.parametrize(
    ("source", "statement"),
    [
        ("1,000 jobs", "1,001 jobs"),
        ("10 MB", "10 GB"),
        ("35 people", "35 %"),
        ("35 %", "35 ms"),
        ("3 million", "3 billion"),
        ("3 million", "3 ms"),
        ("3.5 s", "35 s"),
        ("12.5", "1.25"),
        ("5 °C", "-5 °C"),
        ("1732", "732"),
        ("0.02ミリ", "0.05ミリ"),
        ("60公斤", "50公斤"),
        ("1.2.3", "1.2.4"),
    ],
)
def test_another_figure(source, statement):
    assert not all(Figures(source).bear(figure) for figure in figures(statement))


@pytest.mark.parametrize("text", ["UUIDv7", "the p50 of H2O", "no numbers at all", "s1"])
def test_a_number_within_a_name_is_no_figure(text):
    assert figures(text) == []


def test_a_point_can_mean_two_things():
    assert figures("1.000")[0].values == {Decimal(1000), Decimal(1)}
