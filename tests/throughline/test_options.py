import ssl
from pathlib import Path

import pytest
from pydantic import SecretStr

from throughline.errors import ConfigurationError
from throughline.options import ClickHouseSettings, IntakeSettings, KafkaSettings, Login


def test_a_plain_kafka_needs_servers_only() -> None:
    arguments = KafkaSettings(bootstrap_servers="a:1,b:2").client_arguments()
    assert arguments == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT"}


def test_sasl_over_tls_gives_login_and_context() -> None:
    made = KafkaSettings(
        security_protocol="SASL_SSL", sasl_mechanism="SCRAM-SHA-512", sasl_username="u", sasl_password=SecretStr("p")
    )
    arguments = made.client_arguments()
    assert isinstance(arguments["ssl_context"], ssl.SSLContext)
    assert arguments["ssl_context"].check_hostname
    assert (arguments["sasl_plain_username"], arguments["sasl_plain_password"]) == ("u", "p")
    assert arguments["sasl_mechanism"] == "SCRAM-SHA-512"


def test_tls_without_sasl_gives_no_login() -> None:
    assert "sasl_mechanism" not in KafkaSettings(security_protocol="SSL").client_arguments()


def test_a_missing_certificate_file_is_named(tmp_path: Path) -> None:
    made = KafkaSettings(security_protocol="SSL", ssl_cafile=str(tmp_path / "none.pem"))
    with pytest.raises(ConfigurationError, match=r"kafka\.ssl_cafile"):
        made.client_arguments()


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    with pytest.raises(ConfigurationError, match=r"kafka\.ssl_cafile"):
        KafkaSettings(security_protocol="SSL", ssl_cafile=str(tmp_path / "ca.pem")).ssl_context()


def test_a_component_without_a_login_uses_the_common_one() -> None:
    made = ClickHouseSettings(user="all", password=SecretStr("a"), worker=Login(user="w", password=SecretStr("b")))
    assert made.login("worker") == ("w", "b")
    assert made.login("migrator") == ("all", "a")


def test_a_secure_clickhouse_verifies() -> None:
    arguments = ClickHouseSettings(secure=True, ca_certs="ca.pem").client_arguments("worker")
    assert arguments["secure"]
    assert arguments["verify"]
    assert arguments["ca_certs"] == "ca.pem"


def test_a_time_without_a_zone_is_utc() -> None:
    assert IntakeSettings.model_validate({"earliest_event": "2010-01-01T00:00:00"}).earliest_ms == 1_262_304_000_000
