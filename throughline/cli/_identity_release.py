"""`throughline identity release`: an operator lifts an identifier's quarantine, or takes that back."""

from pathlib import Path
from typing import Annotated

import typer

from queries.operator import Word, word_of, words_between
from schemas.ids import Id, to_uuid
from schemas.messages import Claim
from throughline.cli._identity_unmerge import AsJson, Reason, Timeout, report
from throughline.cli._operator import Desk, claim, id_of, new_id
from throughline.errors import ThroughlineError
from throughline.settings import load

What = Annotated[str | None, typer.Argument(help="The identifier, as in email:family@example.org.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Also where it is not in quarantine now.")]
Withdraw = Annotated[str, typer.Option(metavar="RELEASE", help="Withdraw the release with this id instead.")]


def release(
    identifier: What = None,
    reason: Reason = "",
    withdraw: Withdraw = "",
    anyway: Anyway = False,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
) -> None:
    """Let an identifier out of quarantine for good, whatever it is claimed with."""
    with Desk(load(Path.cwd())) as desk:
        if withdraw:
            said = _withdrawal(_held(desk, id_of(withdraw, "release")), reason)
        elif identifier:
            said = _released(desk, identifier, reason, anyway)
        else:
            raise ThroughlineError("name an identifier, or a release with --withdraw")
        report(desk, [said], timeout, as_json)


def _released(desk: Desk, text: str, reason: str, anyway: bool) -> Claim:
    named = desk.identifier(text, unseen=anyway)
    if held := words_between(desk.client, "release", [named.node], [named.node]):
        raise ThroughlineError(f"{named} is released already, by {to_uuid(held[0].id)}")
    if "quarantined" not in desk.customers([named.node])[named.node].flags and not anyway:
        raise ThroughlineError(f"{named} is not in quarantine; --anyway keeps it out for good")
    return claim("release", named.member, named.member, new_id(), reason)


def _held(desk: Desk, id: Id) -> Word:
    word = word_of(desk.client, "release", id)
    if word is None:
        raise ThroughlineError(f"no release has the id {to_uuid(id)}")
    if word.withdrawn:
        raise ThroughlineError(f"release {to_uuid(id)} is withdrawn already")
    return word


def _withdrawal(word: Word, reason: str) -> Claim:
    return claim("unrelease", word.a, word.a, word.id, reason)
