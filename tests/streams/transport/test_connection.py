"""One description of the way to Kafka, rendered for both clients."""

import ssl

import pytest
from faust.auth import SASLCredentials, SSLCredentials

from streams.transport.app import make_app
from streams.transport.connection import Connection
from throughline.errors import ConfigurationError


def test_plaintext_needs_nothing_but_servers():
    connection = Connection("one:9092, two:9093")
    assert connection.faust_brokers() == "kafka://one:9092;kafka://two:9093"
    assert connection.faust_credentials() is None
    assert connection.aiokafka()["security_protocol"] == "PLAINTEXT"
    assert connection.aiokafka()["ssl_context"] is None


def test_sasl_over_tls_reaches_both_clients():
    connection = Connection("one:9092", "SASL_SSL", "SCRAM-SHA-512", "worker", "secret")
    credentials = connection.faust_credentials()
    assert isinstance(credentials, SASLCredentials)
    assert credentials.protocol.value == "SASL_SSL"
    assert credentials.mechanism.value == "SCRAM-SHA-512"
    told = connection.aiokafka()
    assert (told["sasl_plain_username"], told["sasl_plain_password"]) == ("worker", "secret")
    assert isinstance(told["ssl_context"], ssl.SSLContext)


def test_sasl_without_tls_has_no_context():
    credentials = Connection("one:9092", "SASL_PLAINTEXT", username="worker", password="").faust_credentials()
    assert isinstance(credentials, SASLCredentials)
    assert credentials.protocol.value == "SASL_PLAINTEXT"


def test_tls_alone_is_ssl_credentials():
    assert isinstance(Connection("one:9092", "SSL").faust_credentials(), SSLCredentials)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"security_protocol": "TLS"}, "security_protocol 'TLS'"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "MD5"}, "sasl_mechanism 'MD5'"),
        ({"security_protocol": "SASL_SSL"}, "a username and a password"),
    ],
)
def test_a_wrong_setting_is_named(arguments, named):
    with pytest.raises(ConfigurationError, match=named):
        Connection("one:9092", **arguments)


def test_the_password_does_not_show():
    assert "secret" not in repr(Connection("one:9092", "SASL_SSL", username="worker", password="secret"))


def test_an_app_takes_brokers_credentials_and_slot():
    conf = make_app("g", Connection("one:1,two:2", "SASL_PLAINTEXT", username="u", password="p"), "worker-1").conf
    assert [f"{url.host}:{url.port}" for url in conf.broker] == ["one:1", "two:2"]
    assert conf.broker_credentials.username == "u"
    assert conf.consumer_group_instance_id == "worker-1"
