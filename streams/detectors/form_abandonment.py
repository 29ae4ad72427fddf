"""form_abandonment: a form was begun on a page or screen and not sent within half an hour of its last touch.

Begun by Form Started. Touched by that again, and by clicks and errors on the same page or screen: each puts the deadline off.
Sent by Form Submitted at or before it. Two events are about one form if both name it (`form_id`, else `form_name`) and the
names agree; where one of them has no name, if they stand on the same page or screen. A submission that fits none of those,
because it is told from the page that comes after, sends the form without a name that was touched last in its channel.
"""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.fact import Fact, Signal
from streams.detectors.contract import Detector, Memory, Notes, Seen, Step
from streams.fold.contacts import ContactRules

CHANNELS = frozenset({"website", "app"})
TOUCHES = frozenset({"Element Clicked", "Error Occurred"})
NAMES = "form_id", "form_name"


class Open(NamedTuple):
    """A form that may still be sent; `place` of the row that began it."""

    due: int
    place: int
    channel: str
    location: str
    form: str

    def is_at(self, fact: Fact) -> bool:
        return self.channel == fact.channel and self.location == fact.location

    def is_about(self, fact: Fact, form: str) -> bool:
        return self.form == form if self.form and form else self.is_at(fact)


@dataclass(frozen=True)
class FormAbandonment(Detector):
    """Remembers the open forms, the one touched last at the end; one past its deadline is forgotten at the next look."""

    name: str = "form_abandonment"
    looks: tuple[tuple[str, str, tuple[str, ...]], ...] = (("", "Form Started", NAMES), ("", "Form Submitted", NAMES))

    def watch(self, rules: ContactRules, channel: str, event: str) -> Step | None:
        if channel not in CHANNELS:
            return None
        if event == "Form Submitted":
            return self._sent
        return self._touch(rules.form_within, event) if event == "Form Started" or event in TOUCHES else None

    def _touch(self, within: int, event: str) -> Step:
        def see(memory: Memory, seen: Seen, notes: Notes) -> Memory:
            open_forms, fact = _open(memory, seen.fact.event_time), seen.fact
            if event in TOUCHES:
                touched = [one for one in open_forms if one.is_at(fact)]
            else:
                form = _form(fact)
                touched = [one for one in open_forms if one.is_about(fact, form)][-1:]
                touched = touched or [Open(0, seen.place, fact.channel, fact.location, form)]
            for one in touched:
                notes.arm(one.place, fact.event_time + within, self._signal(one, fact.event_time + within, within))
            rest = [one for one in open_forms if one not in touched]
            return *rest, *(one._replace(due=fact.event_time + within) for one in touched)

        return see

    def _sent(self, memory: Memory, seen: Seen, notes: Notes) -> Memory:
        open_forms, form = _open(memory, seen.fact.event_time), _form(seen.fact)
        sent = [one for one in open_forms if one.is_about(seen.fact, form)]
        if not sent:
            sent = [one for one in open_forms if one.channel == seen.fact.channel and not (one.form and form)][-1:]
        for one in sent:
            notes.withdraw(one.place, self.name)
        return tuple(one for one in open_forms if one not in sent)

    def _signal(self, form: Open, due: int, within: int) -> Signal:
        what = f"form {form.form}" if form.form else "a form"
        return Signal(self.name, due, form.location, f"{what} was begun and not sent within {within // 60_000} min")


def _form(fact: Fact) -> str:
    named = dict(fact.named)
    return next((named[name] for name in NAMES if named.get(name)), "")


def _open(memory: Memory, time: int) -> tuple[Open, ...]:
    forms: tuple[Open, ...] = memory or ()  # type: ignore[assignment] # its own value from last time
    return tuple(Open._make(one) for one in forms if one[0] >= time)


detector = FormAbandonment()
