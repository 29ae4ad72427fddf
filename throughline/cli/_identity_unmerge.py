"""`throughline identity unmerge` and `relink`: an operator keeps two identifiers apart, or takes that back."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from queries.identifier import Named
from queries.operator import Word, word_of, words_between
from schemas.ids import Id, to_uuid
from schemas.messages import Claim
from throughline.cli._effect import Effect, carry_out, plain, show
from throughline.cli._operator import Desk, claim, id_of, new_id
from throughline.errors import ThroughlineError
from throughline.settings import load

One = Annotated[str, typer.Argument(help="An identifier, as in loyalty_id:1029 or anna@example.org.")]
Two = Annotated[str, typer.Argument(help="The identifier of the other.")]
Either = Annotated[str | None, typer.Argument(help="An identifier of the customer, as in loyalty_id:1029.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the history with your name.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Also where the two are not one customer now, or not yet seen.")]
Withdraw = Annotated[str, typer.Option(metavar="CUT", help="Withdraw the cut with this id instead.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds to wait until everything is folded again.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


def unmerge(
    a: Either = None,
    b: Either = None,
    reason: Reason = "",
    withdraw: Withdraw = "",
    anyway: Anyway = False,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
) -> None:
    """Part two identifiers for ever, and repair history, journeys and friction on both sides."""
    with Desk(load(Path.cwd())) as desk:
        if withdraw:
            said = _withdrawals([_held(desk, id_of(withdraw, "cut"))], reason)
        elif a and b:
            said = [_cut(desk, a, b, reason, anyway)]
        else:
            raise ThroughlineError("name two identifiers of the customer, or a cut with --withdraw")
        report(desk, said, timeout, as_json)


def relink(a: One, b: Two, reason: Reason = "", timeout: Timeout = 60.0, as_json: AsJson = False) -> None:
    """Withdraw every cut that stands between two customers."""
    with Desk(load(Path.cwd())) as desk:
        one, other = desk.identifier(a, unseen=True), desk.identifier(b, unseen=True)
        cuts = _between(desk, one, other)
        if not cuts:
            raise ThroughlineError(f"no cut holds between the customers of {one} and {other}")
        report(desk, _withdrawals(cuts, reason), timeout, as_json)


def report(desk: Desk, claims: list[Claim], timeout: float, as_json: bool) -> None:
    """Carries the claims out and prints what they did."""
    console = Console(highlight=False, soft_wrap=True)
    with Console(stderr=True).status("looking who is concerned") as status:
        effect = carry_out(desk, claims, timeout, status.update)
    if as_json:
        typer.echo(json.dumps(plain(effect), indent=2, ensure_ascii=False))
        return
    show(effect, console)
    for _, each in effect.claims:
        console.print(_spoken(each, effect))


def _spoken(said: Claim, effect: Effect) -> str:
    a, b, id = effect.name(said.a.node), effect.name(said.b.node), to_uuid(said.evidence)
    match said.kind:
        case "cut":
            return (
                f"Cut {id}: {a} and {b} are never one customer.\n"
                f"To withdraw it: throughline identity unmerge --withdraw {id} --reason ..."
            )
        case "release":
            return (
                f"Release {id}: {a} stays out of quarantine.\n"
                f"To withdraw it: throughline identity release --withdraw {id} --reason ..."
            )
        case "uncut":
            return f"Cut {id} is withdrawn: {a} and {b} may be one customer."
        case _:
            return f"Release {id} is withdrawn: {a} is treated like any other."


def _cut(desk: Desk, a: str, b: str, reason: str, anyway: bool) -> Claim:
    one, other = desk.identifier(a, unseen=anyway), desk.identifier(b, unseen=anyway)
    if one == other:
        raise ThroughlineError(f"{a} and {b} are one identifier, {one}: name two")
    customers = desk.customers([one.node, other.node])
    if customers[one.node].customer != customers[other.node].customer and not anyway:
        raise ThroughlineError(
            f"{one} and {other} are not one customer now{_why_not(desk, one, other)}; --anyway keeps them apart for ever"
        )
    return claim("cut", one.member, other.member, new_id(), reason)


def _why_not(desk: Desk, one: Named, other: Named) -> str:
    cuts = _between(desk, one, other)
    return f", cut {to_uuid(cuts[0].id)} keeps them apart" if cuts else ""


def _between(desk: Desk, one: Named, other: Named) -> list[Word]:
    """Cuts that hold between any identifiers of the two customers."""
    customers = desk.customers([one.node, other.node])
    some, others = ([m.node for m in customers[each.node].members] for each in (one, other))
    return words_between(desk.client, "cut", some, others)


def _held(desk: Desk, id: Id) -> Word:
    word = word_of(desk.client, "cut", id)
    if word is None:
        raise ThroughlineError(f"no cut has the id {to_uuid(id)}")
    if word.withdrawn:
        raise ThroughlineError(f"cut {to_uuid(id)} is withdrawn already")
    return word


def _withdrawals(cuts: list[Word], reason: str) -> list[Claim]:
    return [claim("uncut", word.a, word.b, word.id, reason) for word in cuts]
