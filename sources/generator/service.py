"""Stories with the contact centre: chat, telephone, letters by e-mail, social networks. Some end without an answer."""

from collections.abc import Iterator

from sources.generator.scene import DAY, HOUR, MINUTE, SECOND, Scene, Touch
from sources.generator.website import abandoned_checkout

_COMPLAINTS = ("Wrong price at the till", "Spoiled vegetables", "A coupon was not accepted", "Points are missing")
_SILENT = 0.2


def chat(scene: Scene) -> Iterator[Touch]:
    """A complaint by chat from the website, seen by its cookie alone, answered or not."""
    who = {"anonymous_id": scene.browser, "chat_id": scene.number("CH")} | scene.about
    about: dict[str, object] = {"queue": "complaints"}
    yield scene.page("/help", {"anonymous_id": scene.browser})
    scene.wait(10 * SECOND, MINUTE)
    yield scene.touch(("chat", "Live Chat Conversation Started"), who, about, 0)
    scene.wait(5 * SECOND, MINUTE)
    yield scene.touch(("chat", "Live Chat Message Sent"), who, about | _says(scene), 0)
    if not scene.chance(_SILENT):
        for _ in range(scene.random.randint(1, 3)):
            scene.wait(30 * SECOND, 4 * MINUTE)
            yield scene.touch(("chat", "Live Chat Message Received"), who, about | {"agent_id": "a-17"}, 0)
    scene.wait(MINUTE, 5 * MINUTE)
    yield scene.touch(("chat", "Live Chat Conversation Ended"), who, about, 0)


def call(scene: Scene) -> Iterator[Touch]:
    """A call: the exchange sees the number, the agent finds the contact. Some hang up before anybody answers."""
    number = {"phone": scene.person.phone, "call_id": scene.number("CA")}
    queue: dict[str, object] = {"queue": "orders"}
    yield scene.touch(("phone", "Call Started"), number, queue | {"direction": "inbound"})
    wait = scene.random.randint(5, 400)
    scene.at += wait * SECOND
    if scene.chance(_SILENT):
        yield scene.touch(("phone", "Call Abandoned"), number, queue | {"wait_seconds": wait})
        return
    known = number | {"support_id": scene.person.support_id}
    yield scene.touch(("phone", "Call Answered"), known, queue | {"wait_seconds": wait, "agent_id": "a-9"}, 4)
    for _ in range(scene.random.choice((0, 0, 0, 1, 2))):
        scene.wait(MINUTE, 3 * MINUTE)
        yield scene.touch(("phone", "Call Transferred"), known, queue | {"to_queue": "second line"}, 4)
    scene.wait(MINUTE, 12 * MINUTE)
    yield scene.touch(("phone", "Call Ended"), known, queue | {"outcome": "solved"}, 4)


def letter(scene: Scene) -> Iterator[Touch]:
    """A complaint by e-mail, answered the next day, or never."""
    who = {"email": scene.person.emails[0].upper(), "ticket_id": scene.number("T")} | scene.about
    subject: dict[str, object] = {"subject": scene.random.choice(_COMPLAINTS), "queue": "complaints"}
    yield scene.touch(("email", "Support Email Received"), who, subject)
    if not scene.chance(_SILENT):
        scene.wait(HOUR, DAY)
        yield scene.touch(("email", "Support Email Replied"), who, subject | {"agent_id": "a-3"})


def again(scene: Scene) -> Iterator[Touch]:
    """A letter, and a call some days later, since it did not help: a repeat contact."""
    yield from letter(scene)
    scene.wait(DAY, 4 * DAY)
    yield from call(scene)


def from_website_to_phone(scene: Scene) -> Iterator[Touch]:
    """The website fails, so the telephone has to help: a hand-off that nobody wanted."""
    yield from abandoned_checkout(scene)
    scene.wait(2 * MINUTE, 40 * MINUTE)
    yield from call(scene)


def social_first(scene: Scene) -> Iterator[Touch]:
    """The account on a social network is linked to the shop's account."""
    who = {"email": scene.person.emails[0], "social_id": scene.person.social_id}
    yield scene.page("/account/networks", who, "Form Submitted", form_name="link network", fields=1)


def social(scene: Scene) -> Iterator[Touch]:
    """A message on a social network."""
    who = {"social_id": scene.person.social_id, "ticket_id": scene.number("T")}
    yield scene.touch(("social", "Social Message Received"), who, {"network": "mastodon"} | _says(scene, "text"))
    if not scene.chance(2 * _SILENT):
        scene.wait(10 * MINUTE, 10 * HOUR)
        yield scene.touch(("social", "Social Message Replied"), who, {"network": "mastodon", "agent_id": "a-3"})


def _says(scene: Scene, name: str = "message_body") -> dict[str, object]:
    return {name: scene.random.choice(_COMPLAINTS)}
