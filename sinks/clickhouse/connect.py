"""From settings to connections. `component` is one of the users of `throughline.options.Component`."""

from contextlib import closing
from dataclasses import replace

from sinks.clickhouse.server import Connections, Server
from sinks.clickhouse.store import ClickHouseStore
from throughline.options import Component, Settings


def server_of(settings: Settings, component: Component) -> Server:
    """The server of the settings as this component sees it."""
    made = settings.clickhouse
    arguments = made.client_arguments(component)
    named = {name: arguments.pop(name) for name in ("host", "port", "user", "password")}
    if "ca_certs" in arguments and arguments["ca_certs"] is None:
        del arguments["ca_certs"]
    return Server(
        **named,
        store=made.store_database,
        views=made.views_database,
        cluster=made.cluster,
        options=arguments,
    )


def open_store(settings: Settings, component: Component) -> ClickHouseStore:
    """The store, after one question to it: raises `Unavailable` if away, `ConfigurationError` if not migrated."""
    server = server_of(settings, component)
    with closing(Connections(server)) as connections:
        connections.ask("SELECT max(number) FROM migrations")
    return ClickHouseStore(server)


def open_views(settings: Settings, component: Component, patience: float = Server.patience) -> Connections:
    """Connections to the analysts' database, for `ask`. `patience`: seconds for all retries; people wait for a few."""
    server = replace(server_of(settings, component), patience=patience)
    return Connections(server, database=server.views)
