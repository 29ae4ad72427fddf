"""ClickHouse's users: one per component, each with its own password and no more rights than its work needs.

A database name may end with `*`: then the rights hold for every database that begins so.
"""

import hashlib
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

READ_ONLY_LIMITS = {
    "max_execution_time": 60,
    "max_memory_usage": 4_000_000_000,
    "max_result_rows": 1_000_000,
    "max_concurrent_queries_for_user": 8,
    "max_threads": 4,
}


@dataclass(frozen=True, slots=True)
class User:
    """`grants` are statements without TO; `{store}` and `{views}` stand for the databases."""

    name: str
    purpose: str
    grants: tuple[str, ...]
    profile: str = "default"


USERS = (
    User(
        "migrator",
        "creates and changes databases, tables and views, and is the definer of the views",
        ("ALL ON {store}.*", "ALL ON {views}.*", "SELECT ON system.*", "TABLE ENGINE ON *", "SET DEFINER ON *"),
    ),
    User(
        "worker",
        "intake, resolver and journeys: reads and inserts",
        (
            "SELECT, INSERT, dictGet, OPTIMIZE ON {store}.*",
            "SYSTEM RELOAD DICTIONARY ON *.*",
            "SELECT ON system.*",
            "KILL QUERY ON *.*",
            "CREATE TEMPORARY TABLE ON *.*",
            "TABLE ENGINE ON Memory",
        ),
    ),
    User("analyst", "asks the views in SQL", ("SELECT, SHOW, dictGet ON {views}.*",), "read_only"),
    User("console", "shows views to people", ("SELECT, SHOW, dictGet ON {views}.*",), "read_only"),
    User(
        "auditor",
        "proves that nothing is lost: reads everything",
        ("SELECT, dictGet ON {store}.*", "SELECT, dictGet ON {views}.*", "SELECT ON system.*"),
    ),
    User(
        "service",
        "stops the server, makes backups, reads metrics",
        ("SYSTEM, BACKUP, KILL QUERY ON *.*", "SELECT ON system.*"),
    ),
)


LOCAL = ("127.0.0.1", "::1", "::ffff:0.0.0.0")
ANYWHERE = ("::/0",)


def users_xml(passwords: dict[str, str], store: str, views: str) -> str:
    """The file `users.xml` of the local server for all of `USERS`; passwords stand in it as sha256 only."""
    root, accounts = _document()
    _sealed_default(accounts)
    for user in USERS:
        account = _component(accounts, user, store, views, LOCAL)
        _text(account, "password_sha256_hex", hashlib.sha256(passwords[user.name].encode()).hexdigest())
    return _written(root)


def server_users_xml(store: str = "throughline_store", views: str = "throughline") -> str:
    """The same users for a server that is not ours. Their passwords come from its environment: WORKER_PASSWORD ..."""
    root, accounts = _document()
    for user in USERS:
        account = _component(accounts, user, store, views, ANYWHERE)
        Xml.SubElement(account, "password", from_env=f"{user.name.upper()}_PASSWORD")
    return _written(root)


def _document() -> tuple[Xml.Element, Xml.Element]:
    root = Xml.Element("clickhouse")
    _profiles(Xml.SubElement(root, "profiles"))
    _quotas(Xml.SubElement(root, "quotas"))
    return root, Xml.SubElement(root, "users")


def _written(root: Xml.Element) -> str:
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode") + "\n"


def _component(parent: Xml.Element, user: User, store: str, views: str, networks: tuple[str, ...]) -> Xml.Element:
    grants = [grant.format(store=store, views=views) for grant in user.grants]
    return _account(parent, user.name, grants, (user.profile, "default"), networks)


def _profiles(parent: Xml.Element) -> None:
    default = Xml.SubElement(parent, "default")
    _text(default, "async_insert", "0")
    read_only = Xml.SubElement(parent, "read_only")
    _text(read_only, "readonly", "2")  # 1 would refuse the harmless settings that drivers and Grafana send
    _text(read_only, "allow_ddl", "0")
    for name, limit in READ_ONLY_LIMITS.items():
        _text(read_only, name, str(limit))
    constraints = Xml.SubElement(read_only, "constraints")
    for name, limit in READ_ONLY_LIMITS.items():
        bounds = Xml.SubElement(constraints, name)
        _text(bounds, "min", "1")  # 0 means "no limit" to ClickHouse
        _text(bounds, "max", str(limit))


def _quotas(parent: Xml.Element) -> None:
    Xml.SubElement(parent, "default")
    interval = Xml.SubElement(Xml.SubElement(parent, "sealed"), "interval")
    _text(interval, "duration", "1000000000")
    _text(interval, "queries", "3")


def _sealed_default(parent: Xml.Element) -> None:
    """The engine boots as `default` without a password. Its three statements use up the quota for good."""
    grants = ["SYSTEM LISTEN ON *.*", "SELECT ON system.numbers"]
    account = _account(parent, "default", grants, ("default", "sealed"), LOCAL)
    _text(account, "password", "")


def _account(
    parent: Xml.Element, name: str, grants: list[str], limits: tuple[str, str], networks: tuple[str, ...]
) -> Xml.Element:
    account = Xml.SubElement(parent, name)
    allowed = Xml.SubElement(account, "networks")
    for address in networks:
        _text(allowed, "ip", address)
    for kind, limit in zip(("profile", "quota"), limits, strict=True):
        _text(account, kind, limit)
    statements = Xml.SubElement(account, "grants")
    for grant in grants:
        _text(statements, "query", f"GRANT {grant}")
    return account


def _text(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, name).text = text
