"""The friction that a fold must find, as `reference.py` finds the rest: slow, by looking back and forth over whole facts."""

from functools import cached_property

from schemas.fact import Fact, Signal
from streams.fold.rules import JourneyRules

STUCK = "{} journey in stage {} for more than {} d"


class Friction:
    rules: JourneyRules
    line: list[Fact]
    waiting: dict[int, bool]
    told: list  # of each fact: its journey, the outcome of that, other journeys that ended, the stage

    def session(self, fact: Fact) -> object:
        raise NotImplementedError

    def signals_of(self, i: int, fact: Fact) -> dict[str, tuple[int, Signal]]:
        found = [self.low_score(fact), self.repeat_contact(i, fact), self.unanswered(i, fact)]
        found += [self.stuck.get(i), self.abandoned.get(i)]
        return {name: (due, Signal(name, at, fact.location, detail)) for name, due, at, detail in filter(None, found)}

    def low_score(self, fact: Fact) -> tuple[str, int, int, str] | None:
        worst, scale = {"nps": (6, 10), "csat": (2, 5), "ces": (3, 7)}.get(fact.metric, (-1000, 0))
        if not (fact.channel == "survey" or fact.event.startswith("Survey ")) or fact.score > worst:
            return None
        return "low_score", 0, fact.event_time, f"{fact.metric.upper()} of {fact.score:g} out of {scale}"

    def repeat_contact(self, i: int, fact: Fact) -> tuple[str, int, int, str] | None:
        contacts = self.rules.contacts.contacts
        before = [f for f in self.line[:i] if f.event in contacts]
        if fact.event not in contacts or not before:
            return None
        last, gap = before[-1], fact.event_time - before[-1].event_time
        threads = last.thread and fact.thread
        goes_on = last.thread == fact.thread if threads else self.session(last) is self.session(fact)
        if goes_on or gap > self.rules.contacts.repeat_within:
            return None
        detail = f"contact by {fact.channel}, {gap / 86_400_000:.1f} days after one by {last.channel}"
        return "repeat_contact", 0, fact.event_time, detail

    def unanswered(self, i: int, fact: Fact) -> tuple[str, int, int, str] | None:
        """A contact waits from its time to `due`, unless an earlier one of its conversation waits already."""
        if not self.waits(i) or any(self.answers(reply, i) for reply in self.line[i + 1 :]):
            return None
        within = next(e.within for e in self.rules.contacts.expectations if e.channel == fact.channel)
        minutes = within // 60_000
        text = f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"
        due = fact.event_time + within
        return "unanswered", due, due, f"no answer by {fact.channel} within {text}"

    @cached_property
    def stuck(self) -> dict[int, tuple[str, int, int, str]]:
        """One stay at a time in a stage of the open journey of each type: told on its first row, unless it ends in time."""
        said: dict[int, tuple[str, int, int, str]] = {}
        if "stuck_stage" not in {detector.name for detector in self.rules.detectors}:
            return said
        stays: dict[str, tuple[object, str, int]] = {}  # by type: journey, stage, place of the first row
        for i, fact in enumerate(self.line):
            journey, outcome, ended, stage = self.told[i]
            within = journey.type.stays.get(stage, 0) if journey and outcome == "open" else 0
            for type, (at, in_stage, place) in list(stays.items()):
                moved = at is journey and (in_stage, True) != (stage, bool(within))
                replaced = journey and at is not journey and type == journey.type.name and outcome == "open"
                if at in ended or moved or replaced:
                    del stays[type]
                    if fact.event_time <= said[place][1]:
                        del said[place]
            if within and journey.type.name not in stays:
                due, type = fact.event_time + within, journey.type.name
                stays[type] = journey, stage, i
                said[i] = "stuck_stage", due, due, STUCK.format(type, stage, within // 86_400_000)
        return said

    @cached_property
    def abandoned(self) -> dict[int, tuple[str, int, int, str]]:
        """Begun forms by the place that began them: [channel, page, name, last touch], until they are sent in time."""
        forms: dict[int, list] = {}
        within, over = self.rules.contacts.form_within, dict[int, list]()
        for i, fact in enumerate(self.line):
            for j in [j for j, form in forms.items() if form[3] + within < fact.event_time]:
                over[j] = forms.pop(j)
            names = dict(fact.named)
            name, here = names.get("form_id") or names.get("form_name") or "", [fact.channel, fact.location]
            alike = [j for j, f in forms.items() if (f[2] == name if f[2] and name else f[:2] == here)]
            nameless = [j for j, f in forms.items() if f[0] == fact.channel and not (f[2] and name)]
            if fact.channel not in ("website", "app"):
                continue
            if fact.event == "Form Submitted":
                for j in alike or nameless[-1:]:
                    del forms[j]
            elif fact.event == "Form Started" and not alike:
                forms[i] = [*here, name, fact.event_time]
            elif fact.event in ("Form Started", "Element Clicked", "Error Occurred"):
                at = [j for j, f in forms.items() if f[:2] == here]
                for j in alike[-1:] if fact.event == "Form Started" else at:
                    forms[j] = [*forms.pop(j)[:3], fact.event_time]
        text = "{} was begun and not sent within 30 min"
        return {
            j: ("form_abandonment", f[3] + within, f[3] + within, text.format(f"form {f[2]}" if f[2] else "a form"))
            for j, f in (forms | over).items()
        }

    def waits(self, i: int) -> bool:
        if i not in self.waiting:
            self.waiting[i] = self.starts_to_wait(i)
        return self.waiting[i]

    def starts_to_wait(self, i: int) -> bool:
        fact = self.line[i]
        expectation = next((e for e in self.rules.contacts.expectations if e.channel == fact.channel), None)
        if expectation is None or fact.event not in expectation.contacts:
            return False
        for j in range(i):
            earlier = self.line[j]
            if earlier.channel == fact.channel and fact.event_time <= earlier.event_time + expectation.within:
                answered = any(self.answers(reply, j) for reply in self.line[j + 1 : i])
                if self.waits(j) and not answered and self.about(fact, earlier, expectation.by_thread):
                    return False
        return True

    def answers(self, reply: Fact, i: int) -> bool:
        fact = self.line[i]
        if not self.waits(i):
            return False
        expectation = next(e for e in self.rules.contacts.expectations if e.channel == fact.channel)
        replies = {name for e in self.rules.contacts.expectations for name in e.replies}
        in_time = reply.event_time <= fact.event_time + expectation.within
        return in_time and reply.event in replies and self.about(reply, fact, expectation.by_thread)

    def about(self, fact: Fact, contact: Fact, by_thread: bool) -> bool:
        if by_thread and contact.thread and fact.thread:
            return contact.thread == fact.thread
        return contact.channel == fact.channel
