"""The rules as a file: version, identity, journeys. One text gives one `RuleSet`; a wrong one is refused with lines and reasons."""

from streams.rules.ruleset import LARGEST, RuleSet, default, keys, parse

__all__ = ["LARGEST", "RuleSet", "default", "keys", "parse"]
