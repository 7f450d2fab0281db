"""Certificates that are loaded after the start are the same ones."""

import ssl

from blogen import certificates


def test_a_context_made_at_the_start_trusts_nobody_until_certificates_are_loaded_then_all_that_others_trust() -> None:
    usual = ssl.create_default_context().get_ca_certs()
    with certificates.deferred():
        context = ssl.create_default_context()
        assert context.get_ca_certs() == []
    certificates.load()
    assert context.get_ca_certs() == usual
    assert ssl.create_default_context().get_ca_certs() == usual


def test_a_context_filled_from_the_default_paths_is_put_off_too() -> None:
    usual = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    usual.set_default_verify_paths()
    with certificates.deferred():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_default_verify_paths()
    assert context.cert_store_stats()["x509"] == 0
    certificates.load()
    assert context.cert_store_stats() == usual.cert_store_stats()


def test_a_context_that_checks_nobody_loads_nothing() -> None:
    with certificates.deferred():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_default_verify_paths()
    certificates.load()
    assert context.cert_store_stats()["x509"] == 0
