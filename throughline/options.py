"""Every setting there is, in groups, with its default. Nothing here reads the environment or a file."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from throughline.errors import ConfigurationError

Component = Literal["migrator", "worker", "analyst", "console", "auditor", "service"]


class Group(BaseModel):
    """Settings that belong together; an unknown name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(Group):
    """Where Kafka is and how to log in there."""

    bootstrap_servers: str = Field(default="127.0.0.1:9092", description="host:port, several separated by commas")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ssl_cafile: str = Field(default="", description="PEM file; empty: the system's authorities")
    ssl_certfile: str = Field(default="", description="PEM file of the client's certificate")
    ssl_keyfile: str = Field(default="", description="PEM file of the client's key")
    ssl_check_hostname: bool = True

    def client_arguments(self) -> dict[str, Any]:
        """Keyword arguments that every client class of kafka-python and aiokafka takes alike."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password.get_secret_value(),
            }
        if self.security_protocol.endswith("SSL"):
            arguments["ssl_context"] = self.ssl_context()
        return arguments

    def ssl_context(self) -> ssl.SSLContext:
        """For clients; raises `ConfigurationError` if a file is missing or no PEM."""
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile or None)
            context.check_hostname = self.ssl_check_hostname
            if self.ssl_certfile:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile or None)
        except OSError as error:
            raise ConfigurationError(
                f"kafka.ssl_cafile, ssl_certfile or ssl_keyfile cannot be read: {error}"
            ) from error
        return context


class Login(Group):
    """A ClickHouse user and its password."""

    user: str
    password: SecretStr = SecretStr("")


class ClickHouseSettings(Group):
    """Where ClickHouse is, its databases, and one login per component."""

    host: str = "127.0.0.1"
    port: int = Field(default=9000, description="native protocol")
    http_port: int = Field(default=8123, description="HTTP, for tools that ask that way")
    secure: bool = False
    verify: bool = True
    ca_certs: str = ""
    cluster: str = Field(default="", description="name for ON CLUSTER and Replicated tables; empty: a single server")
    store_database: str = Field(default="throughline_store", pattern=r"^\w+$")
    views_database: str = Field(default="throughline", pattern=r"^\w+$")
    user: str = Field(default="default", description="for every component without a login of its own")
    password: SecretStr = SecretStr("")
    migrator: Login | None = None
    worker: Login | None = None
    analyst: Login | None = None
    console: Login | None = None
    auditor: Login | None = None
    service: Login | None = None

    def login(self, component: Component) -> tuple[str, str]:
        """User and password of a component."""
        login: Login = getattr(self, component) or Login(user=self.user, password=self.password)
        return login.user, login.password.get_secret_value()

    def client_arguments(self, component: Component) -> dict[str, Any]:
        """Keyword arguments for `clickhouse_driver.Client`. No database is set: statements name theirs."""
        user, password = self.login(component)
        arguments: dict[str, Any] = {"host": self.host, "port": self.port, "user": user, "password": password}
        if self.secure:
            arguments |= {"secure": True, "verify": self.verify, "ca_certs": self.ca_certs or None}
        return arguments


class IdentitySettings(Group):
    """Who is who. Changing `key` or `region` changes every customer_id."""

    key: SecretStr = Field(default=SecretStr(""), description="secret of the node hash, 32 to 64 characters")
    region: str = Field(
        default="", description="country of phone numbers without +, such as US; empty: they are refused"
    )
    caps: dict[str, int] = Field(
        default={}, description="highest assurance level (0..4) believed, by source; others: 1"
    )

    @field_validator("caps")
    @classmethod
    def _levels(cls, caps: dict[str, int]) -> dict[str, int]:
        if wrong := [source for source, level in caps.items() if not 0 <= level <= 4]:
            raise ValueError(f"levels are 0 to 4: {', '.join(wrong)}")
        return caps

    @property
    def node_key(self) -> bytes:
        """The secret as bytes; raises `ConfigurationError` if there is none, or one that the hash cannot take."""
        secret = self.key.get_secret_value().encode()
        if not 32 <= len(secret) <= 64:
            raise ConfigurationError(
                "identity.key needs 32 to 64 characters; `throughline up` makes one, or set THROUGHLINE_IDENTITY__KEY"
            )
        return secret


class IntakeSettings(Group):
    """What is taken in."""

    earliest_event: datetime = Field(
        default=datetime(2000, 1, 1, tzinfo=UTC), description="older events are dead letters"
    )
    max_record_bytes: int = Field(default=256 * 1024, ge=1024)
    trusted_sources: frozenset[str] = Field(default=frozenset(), description="sources whose received_at is believed")

    @property
    def earliest_ms(self) -> int:
        """`earliest_event` in milliseconds since 1970; without a zone it is UTC."""
        moment = self.earliest_event
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


class WorkerSettings(Group):
    """How a worker batches and how much it keeps in memory."""

    flush_records: int = Field(default=25_000, ge=1, description="a batch is taken at so many records ...")
    flush_seconds: float = Field(default=0.25, gt=0, le=5, description="... or so many seconds after its first")
    cache_bytes: int = Field(default=512 * 1024 * 1024, ge=1024 * 1024, description="customers kept in memory")


class PortSettings(Group):
    """Where a worker's metrics can be read; `up` takes free ports if these are taken."""

    metrics: int = Field(default=9400, description="worker n listens on this port + n")
    metrics_host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 in a container")


class Settings(BaseSettings):
    """All groups. `Settings()` is the defaults, whatever the environment says."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    identity: IdentitySettings = IdentitySettings()
    intake: IntakeSettings = IntakeSettings()
    worker: WorkerSettings = WorkerSettings()
    ports: PortSettings = PortSettings()
    partitions: int = Field(default=8, ge=1, le=1024, description="of public topics and of the inbox; fixed for ever")
    replication: int = Field(default=1, ge=1, le=5, description="copies of every topic partition")
    topic_prefix: str = Field(default="", pattern=r"^[\w.-]*$", description="before every topic and group name")
    workers: int = Field(default=1, ge=1, le=64)
    home: Path = Field(default=Path(".throughline"), description="folder of the local stack: data, logs, runtime file")
    cache: Path = Field(
        default=Path("~/.cache/throughline"), description="folder of fetched jars, shared between projects"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the caller gives; `throughline.settings.load` does the reading."""
        return (init_settings,)


def settings_page() -> str:
    """All settings as a table in Markdown, for `docs/running.md`."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, Group):
            lines += [_line(f"{name}.{key}", each) for key, each in group.model_fields.items()]
        else:
            lines.append(_line(name, field))
    return "\n".join(lines) + "\n"


def _line(name: str, field: FieldInfo) -> str:
    default = field.default
    shown = (
        default.isoformat()
        if isinstance(default, datetime)
        else getattr(default, "get_secret_value", lambda: default)()
    )
    cell = "" if shown in ("", None) or shown == {} or shown == frozenset() else f"`{shown}`"
    return f"| `{name}` | {cell} | {field.description or ''} |"
