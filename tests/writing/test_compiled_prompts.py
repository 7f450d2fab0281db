"""What a prompt was compiled to is used again for the same words only."""

from blogen.writing.prompts import Prompts, prompts_folder


def test_a_prompt_that_was_changed_added_or_removed_is_what_the_next_stage_renders(tmp_path):
    replaced = tmp_path / "critic.md.j2"
    for words in ("Find what is wrong.", "Find what is {{ 2 - 1 }} mistake.", "Find what is wrong."):
        replaced.write_text(words)
        assert Prompts(tmp_path).for_author("ada").render("critic") == words.replace("{{ 2 - 1 }}", "1")
    replaced.unlink()
    again = Prompts(tmp_path).for_author("ada")._environment.get_template("critic.md.j2")
    assert again.filename == str(prompts_folder() / "critic.md.j2")


def test_a_prompt_is_compiled_once(tmp_path, monkeypatch):
    (tmp_path / "outline.md.j2").write_text("Plan it.")
    assert Prompts(tmp_path).render("outline") == "Plan it."
    later = Prompts(tmp_path)
    monkeypatch.setattr(later._environment, "compile", None)
    assert later.render("outline") == "Plan it."
