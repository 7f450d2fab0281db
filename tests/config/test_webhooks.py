"""`[[webhooks]]` and `[push]`: what is read, what is refused, and that a secret shows nowhere."""

import base64

import pytest

from blogen.config.load import load, secrets_in
from blogen.config.webhooks import key_of
from blogen.errors import ConfigError

HOOK = '[[webhooks]]\nname = "chat"\nurl = "https://example.com/hook?room=1"\nsecret = "a secret of more than 16"\n'


def read(tmp_path, text, environ=None):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(path, environ or {})


def mistakes(tmp_path, text, environ=None):
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text, environ)
    return [(error.path.rpartition("config.toml:")[2], error.message) for error in refused.value.errors]


def test_webhooks_are_read_in_the_files_order(tmp_path):
    (tmp_path / "secret").write_text("another secret, from a file\n")
    more = '[[webhooks]]\nname = "shop"\nurl = "http://10.0.0.1:9000/"\nevents = ["job.failed"]\n'
    config = read(tmp_path, HOOK + more + f'secret_file = "{tmp_path}/secret"\n')
    assert [hook.name for hook in config.webhooks] == ["chat", "shop"]
    assert [hook.wants("post.published") for hook in config.webhooks] == [True, False]
    assert secrets_in(config) == {"a secret of more than 16", "another secret, from a file"}
    assert "a secret of more" not in repr(config)


def test_a_secret_may_be_written_as_standard_webhooks_does(tmp_path):
    key = bytes(range(24))
    config = read(tmp_path, HOOK.replace("a secret of more than 16", f"whsec_{base64.b64encode(key).decode()}"))
    assert key_of(config.webhooks[0].secret) == key


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("https://example.com/hook?room=1", "ftp://example.com"), "url"),
        (("https://example.com/hook?room=1", "https://me:pw@example.com"), "url"),
        (("https://example.com/hook?room=1", "https://example.com/\\r\\nX: 1"), "url"),
        (("a secret of more than 16", "short"), "secret"),
        (("a secret of more than 16", "whsec_not base64"), "secret"),
        (('"chat"', '"Chat room"'), "name"),
        (("[[webhooks]]", '[[webhooks]]\nevents = ["post.liked"]'), "events.0"),
        (("[[webhooks]]", "[[webhooks]]\nevnts = []"), "evnts"),
    ],
)
def test_what_is_wrong_in_a_webhook_is_said_with_its_place(tmp_path, change, key):
    [(place, reason)] = mistakes(tmp_path, HOOK.replace(*change))
    assert place == f"webhooks.0.{key}"
    assert reason
    assert "short" not in reason
    assert "pw@" not in reason


def test_all_mistakes_are_told_at_once(tmp_path):
    second = HOOK.replace("https://", "gopher://")
    places = [place for place, _ in mistakes(tmp_path, HOOK + second + HOOK + "[server]\nport = 0.5\n")]
    assert places == ["server.port", "webhooks.1.url", "webhooks.2.name"]


def test_a_webhook_must_be_a_section_of_its_own(tmp_path):
    [(place, reason)] = mistakes(tmp_path, '[webhooks]\nname = "chat"\n')
    assert (place, "[[webhooks]]" in reason) == ("webhooks", True)
    [(_, reason)] = mistakes(tmp_path, "", {"BLOGEN_WEBHOOKS__URL": "https://example.com"})
    assert "[[webhooks]]" in reason


def test_the_contact_for_push_services_is_a_mail_address_or_a_page(tmp_path):
    assert read(tmp_path, '[push]\ncontact = "mailto:me@example.com"\n').push.contact == "mailto:me@example.com"
    [(place, _)] = mistakes(tmp_path, '[push]\ncontact = "me@example.com"\n')
    assert place == "push.contact"
