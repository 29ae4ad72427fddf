"""Finds plug-ins: each module of one package holds one thing under one name. A broken one fails at start."""

from collections.abc import Collection
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

from throughline.errors import ConfigurationError

T = TypeVar("T")


def discover(package: ModuleType, attribute: str, type: type[T], skip: Collection[str] = ()) -> tuple[T, ...]:
    """`attribute` of every module of `package` in the order of module names, except modules in `skip` and those with a
    leading underscore. Raises ConfigurationError for a module that cannot be imported, has no such attribute, or holds
    something that is not a `type` there.
    """
    names = sorted(module.name for module in iter_modules(package.__path__))
    return tuple(
        _load(f"{package.__name__}.{name}", attribute, type) for name in names if name not in skip and name[0] != "_"
    )


def _load(name: str, attribute: str, type: type[T]) -> T:
    try:
        module = import_module(name)
    except Exception as error:
        raise ConfigurationError(f"{name} cannot be imported: {error}; mend or remove the file") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, type):
        raise ConfigurationError(f"{name} must define `{attribute}`, a {type.__name__}; it holds {found!r}")
    return found
