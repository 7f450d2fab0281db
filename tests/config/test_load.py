"""Reading the configuration: who overrides whom, and how mistakes are told."""

from contextlib import suppress
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from blogen.config import Config
from blogen.config.load import MAX_FILE_BYTES, load, read_section, secrets_in
from blogen.config.section import ProviderSection
from blogen.errors import ConfigError, FieldError

DESIGN_EXAMPLE = """
[text.main]
kind = "openai"                 # anything that speaks the OpenAI API
base_url = "https://api.openai.com/v1"
api_key_file = "/run/secrets/openai"
model = "gpt-5-mini"
[image.main]
kind = "midjourney"             # or automatic1111, comfyui, openai, stability, covers
base_url = "http://mj-proxy:8080"
[pipeline]
text = ["main", "offline"]      # tried in this order
image = ["main", "covers"]
review = true
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(path: Path | None, environ: dict[str, str] | None = None) -> dict[str, str]:
    """Place → words, with the file's folder left out."""
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    assert caught.value.remedy
    folder = f"{path.parent}/" if path else ""
    return {place.replace(folder, ""): words for place, words in caught.value.errors}


def test_without_a_file_every_default_works():
    config = load(None, {})
    assert config == Config()
    assert (config.server.host, config.server.port, str(config.data.dir)) == ("127.0.0.1", 8080, "data")
    assert (config.engine.workers, config.engine.max_attempts, config.backup.keep) == (32, 5, 3)
    assert (config.order("text"), config.order("image"), config.order("search")) == (["offline"], ["covers"], [])


def test_the_example_of_the_design_loads(tmp_path):
    config = load(written(tmp_path, DESIGN_EXAMPLE), {})
    assert config.text["main"]["model"] == "gpt-5-mini"
    assert config.order("text") == ["main", "offline"]
    assert config.order("image") == ["main", "covers"]
    assert config.pipeline.review is True


def test_the_environment_overrides_the_file_and_the_file_the_defaults(tmp_path):
    path = written(tmp_path, "[server]\nport = 9000\nhost = '0.0.0.0'\n")
    config = load(path, {"BLOGEN_SERVER__PORT": "9001", "OTHER": "x", "BLOGEN_CONFIG": "x"})
    assert (config.server.port, config.server.host, config.server.log_level) == (9001, "0.0.0.0", "info")


@pytest.mark.parametrize(
    "variable", ["BLOGEN_TEXT__MAIN__MODEL", "blogen_text__main__model", "Blogen_Text__Main__Model"]
)
def test_the_case_of_a_variable_does_not_matter(tmp_path, variable):
    path = written(tmp_path, "[text.Main]\nkind = 'openai'\nmodel = 'a'\n")
    assert load(path, {variable: "b"}).text == {"Main": {"kind": "openai", "model": "b"}}


def test_a_section_with_a_hyphen_can_be_overridden(tmp_path):
    path = written(tmp_path, "[text.my-server]\nkind = 'openai'\n")
    assert load(path, {"BLOGEN_TEXT__MY_SERVER__MODEL": "m"}).text["my-server"]["model"] == "m"


def test_a_section_can_be_made_of_variables_alone():
    config = load(None, {"BLOGEN_TEXT__MAIN__KIND": "openai", "BLOGEN_TEXT__MAIN__API_KEY": "sk"})
    assert config.text == {"main": {"kind": "openai", "api_key": "sk"}}
    assert config.order("text") == ["main"]


@pytest.mark.parametrize(
    "value", ["10.0.0.0/8, ::1", '["10.0.0.0/8", "::1"]', "['10.0.0.0/8', '::1']", " 10.0.0.0/8,::1, "]
)
def test_a_list_in_a_variable_may_be_toml_or_json_or_separated_by_commas(value):
    config = load(None, {"BLOGEN_SERVER__TRUSTED_PROXIES": value})
    assert config.server.trusted_proxies == [ip_network("10.0.0.0/8"), ip_network("::1")]


def test_numbers_booleans_and_money_come_from_text():
    config = load(
        None, {"BLOGEN_PIPELINE__REVIEW": "yes", "BLOGEN_BUDGET__DAY_USD": "0.10", "BLOGEN_ENGINE__DRAIN_SECONDS": "0"}
    )
    assert config.pipeline.review is True
    assert config.budget.day_usd == Decimal("0.10")
    assert config.engine.drain_seconds == 0


def test_without_an_order_all_sections_are_tried_as_written_and_covers_last(tmp_path):
    path = written(
        tmp_path, "".join(f"[{name}]\nkind = 'openai'\n" for name in ("text.b", "text.a", "image.x", "search.s"))
    )
    config = load(path, {})
    assert config.order("text") == ["b", "a"]
    assert config.order("image") == ["x", "covers"]
    assert config.order("search") == ["s"]


def test_all_mistakes_are_told_at_once_each_with_its_place(tmp_path):
    path = written(
        tmp_path,
        """
        [server]
        port = 99999
        hots = "x"
        [engine]
        workers = 0
        queue_size = true
        drain_seconds = inf
        [pipeline]
        text = ["mian"]
        image = "covers, covers"
        in_doubt = "perhaps"
        [budget]
        job_usd = -1
        [sit]
        title = "x"
        [text.main]
        kind = "openai"
        [image]
        kind = "covers"
        [research]
        allow_private = ["10.0.0.1/8", "nonsense"]
        """,
    )
    environ = {"BLOGEN_AUTH__SIGN_UP": "maybe", "BLOGEN_SERVR__PORT": "1", "BLOGEN_ENGINE__WORKRS": "2",
               "BLOGEN_SERVER_PORT": "1", "BLOGEN_SEARCH__WEB__MODEL": "m", "BLOGEN_TEXT__KEY": "x"}  # fmt: skip
    found = mistakes(path, environ)
    assert found == {
        "config.toml:server.port": "expected at most 65535, found 99999.",
        "config.toml:server.hots": "is unknown. Did you mean `host`?",
        "config.toml:engine.workers": "expected at least 1, found 0.",
        "config.toml:engine.queue_size": "expected a number, found true.",
        "config.toml:engine.drain_seconds": "expected a finite number, found inf.",
        "config.toml:pipeline.in_doubt": "expected 'retry', 'ask' or 'skip', found 'perhaps'.",
        "config.toml:pipeline.image": "expected each name once, found ['covers', 'covers'].",
        "config.toml:budget.job_usd": "expected at least 0, found -1.",
        "config.toml:sit": "is an unknown section. Did you mean `site`?",
        "config.toml:image.kind": "stands outside a named section. Write [image.main] above it.",
        "config.toml:research.allow_private.0": (
            "expected a network without host bits, such as 10.0.0.0/8, found '10.0.0.1/8'."
        ),
        "config.toml:research.allow_private.1": (
            "expected a network such as 10.0.0.0/8 or an address such as 192.168.1.5, found 'nonsense'."
        ),
        "BLOGEN_AUTH__SIGN_UP": "expected 'open', 'invite' or 'closed', found 'maybe'.",
        "BLOGEN_SERVR__PORT": "names an unknown section. Did you mean `server`?",
        "BLOGEN_ENGINE__WORKRS": "is unknown. Did you mean `workers`?",
        "BLOGEN_SERVER_PORT": "has one `_` too few. Did you mean `BLOGEN_SERVER__PORT`?",
        "BLOGEN_SEARCH__WEB__KIND": 'is missing. Which service or program it is, e.g. "openai".',
        "BLOGEN_TEXT__KEY": "expected the form `BLOGEN_TEXT__NAME__KEY`.",
    }


def test_a_name_in_the_order_must_be_a_section(tmp_path):
    path = written(tmp_path, "[pipeline]\ntext = ['mian']\nsearch = ['web']\n[text.main]\nkind = 'openai'\n")
    found = mistakes(path)
    assert found["config.toml:pipeline.text"] == (
        "names 'mian', but there is no section [text.mian]. Did you mean `main`?"
    )
    assert "Add a section [search.web]" in found["config.toml:pipeline.search"]


def test_an_order_of_nothing_is_refused(tmp_path):
    assert mistakes(written(tmp_path, "[pipeline]\ntext = []\n")) == {
        "config.toml:pipeline.text": "expected at least 1 of them, found []."
    }


def test_malformed_toml_is_told_with_line_and_column_beside_the_environments_mistakes(tmp_path):
    found = mistakes(written(tmp_path, "[server]\nport = = 1\n"), {"BLOGEN_SERVER__PORT": "x"})
    assert "line 2, column 8" in found["config.toml"]
    assert found["BLOGEN_SERVER__PORT"] == "expected a whole number, found 'x'."


def test_files_that_cannot_be_read_are_told_with_the_reason(tmp_path):
    assert "there is no such file" in mistakes(tmp_path / "config.toml")["config.toml"]
    (tmp_path / "folder").mkdir()
    assert "is a folder" in mistakes(tmp_path / "folder")["folder"]
    (tmp_path / "latin.toml").write_bytes(b"[site]\ntitle = 'caf\xe9'\n")
    assert "is not UTF-8 text" in mistakes(tmp_path / "latin.toml")["latin.toml"]
    (tmp_path / "big.toml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    assert "is longer than" in mistakes(tmp_path / "big.toml")["big.toml"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[site]\r\ntitle = 'Tea'\r\n")
    assert load(path, {}).site.title == "Tea"


def test_a_secret_is_read_from_its_file_without_the_newline_at_its_end(tmp_path):
    (tmp_path / "key").write_text(" sk-very secret \r\n")
    config = load(None, {"BLOGEN_TEXT__MAIN__KIND": "x", "BLOGEN_TEXT__MAIN__API_KEY_FILE": f"{tmp_path}/key"})
    section = read_section(config, "text", "main", ProviderSection)
    assert section.api_key is not None
    assert section.api_key.get_secret_value() == " sk-very secret "
    assert secrets_in(config) == {" sk-very secret "}


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "there is no file"), (b" \n", "is empty"), (b"\xff\xfe", "is not UTF-8"), (b"x" * 70_000, "is longer than"),
     ("folder", "is a folder")],
)  # fmt: skip
def test_a_secret_file_that_cannot_be_used_is_told_at_its_own_key(tmp_path, content, reason):
    key = tmp_path / "key"
    if content == "folder":
        key.mkdir()
    elif content is not None:
        key.write_bytes(content)
    path = written(tmp_path, f"[text.main]\nkind = 'x'\napi_key_file = '{key}'\n")
    with pytest.raises(ConfigError) as caught:
        read_section(load(path, {}), "text", "main", ProviderSection)
    [(place, words)] = caught.value.errors
    assert place == f"{path}:text.main.api_key_file"
    assert reason in words


def test_the_environments_secret_replaces_the_files_however_each_is_given(tmp_path):
    path = written(
        tmp_path, "[text.main]\nkind = 'x'\napi_key_file = '/nowhere'\n[text.b]\nkind = 'x'\napi_key = 'old'\n"
    )
    (tmp_path / "key").write_text("new")
    config = load(path, {"BLOGEN_TEXT__MAIN__API_KEY": "sk-env", "BLOGEN_TEXT__B__API_KEY_FILE": str(tmp_path / "key")})
    assert read_section(config, "text", "main", ProviderSection).api_key.get_secret_value() == "sk-env"
    assert read_section(config, "text", "b", ProviderSection).api_key.get_secret_value() == "new"


def test_a_secret_given_twice_in_one_place_is_refused(tmp_path):
    path = written(tmp_path, "[text.main]\nkind = 'x'\napi_key = 'a'\napi_key_file = 'b'\n")
    with pytest.raises(ConfigError) as caught:
        read_section(load(path, {}), "text", "main", ProviderSection)
    assert caught.value.errors == (
        FieldError(f"{path}:text.main.api_key_file", "`api_key` and `api_key_file` are both given; keep one."),
    )


def test_secrets_are_never_shown(tmp_path):
    secret = "sk-planted-in-a-test"
    path = written(
        tmp_path,
        f"""
        [text.main]
        kind = "x"
        api_key = "{secret}"
        concurrency = 0
        [text.list]
        kind = "x"
        api_key = ["{secret}"]
        base_url = "https://me:{secret}@host/"
        [text.model]
        kind = "x"
        token = "{secret}"
        """,
    )
    config = load(path, {})
    shown = [repr(config), str(config)]
    for name in config.text:
        with pytest.raises(ConfigError) as caught:
            read_section(config, "text", name, ProviderSection)
        shown += [str(caught.value), repr(caught.value), str(caught.value.errors)]
    assert not [text for text in shown if secret in text]
    valid = load(None, {"BLOGEN_TEXT__A__KIND": "x", "BLOGEN_TEXT__A__API_KEY": secret})
    section = read_section(valid, "text", "a", ProviderSection)
    assert secret not in f"{section!r}{section}{section.model_dump()}{section.model_dump_json()}"


def test_a_value_is_not_shown_where_only_its_name_says_that_it_is_secret():
    class Kind(ProviderSection):
        webhook_token: str = Field(max_length=3)

    config = load(None, {"BLOGEN_TEXT__A__KIND": "x", "BLOGEN_TEXT__A__WEBHOOK_TOKEN": "planted"})
    with pytest.raises(ConfigError) as caught:
        read_section(config, "text", "a", Kind)
    assert caught.value.errors == (FieldError("BLOGEN_TEXT__A__WEBHOOK_TOKEN", "expected at most 3 characters."),)


def test_mistakes_that_others_know_stand_beside_ours(tmp_path):
    path = written(tmp_path, "[server]\nport = -1\n[text.main]\nkind = 'nope'\n")

    def check(config: Config) -> list[FieldError]:
        return [FieldError(config.place("text.main.kind"), "is unknown."), FieldError(f"{path}:server.port", "again")]

    with pytest.raises(ConfigError) as caught:
        load(path, {}, check)
    assert caught.value.errors == (
        FieldError(f"{path}:server.port", "expected at least 0, found -1."),
        FieldError(f"{path}:text.main.kind", "is unknown."),
    )


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "ftp://x",
        "http://",
        "http://a b",
        "https://x/?q=1",
        "https://x/#f",
        "http://x:99999",
        "http://[::1",
    ],
)
def test_addresses_that_are_none_are_refused(url):
    assert "address" in mistakes(None, {"BLOGEN_SERVER__BASE_URL": url})["BLOGEN_SERVER__BASE_URL"]


def test_an_address_loses_the_slash_at_its_end():
    assert (
        load(None, {"BLOGEN_SERVER__BASE_URL": "https://b.example/blog/"}).server.base_url == "https://b.example/blog"
    )


def some(**keys: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({}, optional=keys)


readable = st.characters(codec="utf-8", exclude_categories=["C"])
sections = some(
    server=some(port=st.integers(0, 65535), log_format=st.sampled_from(["text", "json"])),
    site=some(title=st.text(readable, min_size=1, max_size=100)),
    engine=some(workers=st.integers(1, 20_000), drain_seconds=st.floats(0, 3600)),
    pipeline=some(review=st.booleans(), image=st.just(["covers"])),
    budget=some(day_usd=st.decimals(0, 1000, places=6)),
)


@given(sections)
def test_what_is_written_in_a_file_or_in_the_environment_is_what_is_read(tmp_path_factory, given_sections):
    lines, environ = [], {}
    for section, keys in given_sections.items():
        lines.append(f"[{section}]")
        for key, value in keys.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            is_text = isinstance(value, str)
            lines.append(f"{key} = {_toml_text(value) if is_text else text}")
            environ[f"BLOGEN_{section}__{key}"] = text
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    from_file, from_environ = load(path, {}), load(None, environ)
    for section, keys in given_sections.items():
        for key, value in keys.items():
            assert getattr(getattr(from_file, section), key) == value
            assert getattr(getattr(from_environ, section), key) == value


def _toml_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_bytes(content)
    with suppress(ConfigError):
        load(path, {})
