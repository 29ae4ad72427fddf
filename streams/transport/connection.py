"""How to reach Kafka, told once and rendered for Faust and for aiokafka."""

import ssl
from dataclasses import dataclass, field
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from throughline.errors import ConfigurationError

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True)
class Connection:
    """`bootstrap_servers` is `host:port,host:port`. With SSL and no `ca_file` the system's authorities are trusted."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    cert_file: str | None = None  # the client's own, for mutual TLS
    key_file: str | None = None

    def __post_init__(self) -> None:
        if self.security_protocol not in PROTOCOLS:
            raise ConfigurationError(f"security_protocol {self.security_protocol!r} is none of {', '.join(PROTOCOLS)}")
        if not self.sasl:
            return
        if self.sasl_mechanism not in MECHANISMS:
            raise ConfigurationError(f"sasl_mechanism {self.sasl_mechanism!r} is none of {', '.join(MECHANISMS)}")
        if not self.username or self.password is None:
            raise ConfigurationError(f"{self.security_protocol} needs a username and a password")

    @property
    def sasl(self) -> bool:
        return self.security_protocol.startswith("SASL")

    @property
    def tls(self) -> bool:
        return self.security_protocol.endswith("SSL")

    def context(self) -> ssl.SSLContext | None:
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context

    def aiokafka(self) -> dict[str, Any]:
        """Keyword arguments for any client of aiokafka."""
        login = {
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.context(),
            **(login if self.sasl else {}),
        }

    def faust_brokers(self) -> str:
        return ";".join(f"kafka://{server.strip()}" for server in self.bootstrap_servers.split(","))

    def faust_credentials(self) -> CredentialsT | None:
        context = self.context()
        if self.sasl:
            return SASLCredentials(
                username=self.username, password=self.password, ssl_context=context, mechanism=self.sasl_mechanism
            )
        return SSLCredentials(context=context) if context else None
