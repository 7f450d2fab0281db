"""Reasoning is taken out of texts, whole or in pieces."""

import time

import pytest

from blogen.providers.reasoning import ReasoningFilter, without_reasoning

CASES = [
    ("<think>a\nb</think>\n\nThe answer.", "The answer."),
    ("<THINKING>a</THINKING> Yes", "Yes"),
    ("Before. <think>a</think> After.", "Before. After."),
    ("<think>never ends", ""),
    ("<think></think>{\"a\": 1}", '{"a": 1}'),
    ("No tags, 1 < 2 <thin ice>.", "No tags, 1 < 2 <thin ice>."),
    ("◁think▷hm◁/think▷Yes [1] and [T", "Yes [1] and [T"),
    ("[THINK]hm[/THINK]Yes [THINKER]", "Yes [THINKER]"),
    ("<seed:think>hm</seed:think>Yes", "Yes"),
    ("<|START_THINKING|>hm<|END_THINKING|>Yes", "Yes"),
    ("<|channel>thought\nI weigh.<channel|>Yes.", "Yes."),
    ("<|start|>assistant<|channel|>analysis<|message|>I weigh.<|channel|>final<|message|>Yes.", "Yes."),
    ("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.<|return|>", "Yes."),
    ("İİİ <think>İ</think> Yes", "İİİ Yes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_reasoning_is_left_out_of_a_text(text, expected):
    assert without_reasoning(text) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(("text", "expected"), CASES)
def test_reasoning_is_left_out_of_pieces_of_any_size(text, expected, size):
    shown = ReasoningFilter()
    visible = "".join(shown.feed(text[start : start + size]) for start in range(0, len(text), size)) + shown.finish()
    assert visible.strip() == expected


def test_reasoning_without_its_beginning_is_left_out():
    assert without_reasoning("I weigh this.\n</think>\nThe answer.") == "The answer."


def test_a_text_about_the_tag_keeps_it():
    text = "Models write `<think>` and `</think>` around it."
    assert without_reasoning(text) == text


@pytest.mark.parametrize("mark", ["<think>", "<|channel|>analysis<|message|>", "<", "◁think▷", "</think>`"])
def test_a_text_full_of_marks_takes_little_time(mark):
    begun = time.process_time()
    without_reasoning("x" + mark * 100_000)
    shown = ReasoningFilter()
    for _ in range(1000):
        shown.feed(mark * 100)
    assert time.process_time() - begun < 5
