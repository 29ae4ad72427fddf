"""Stories that the business begins: newsletters and surveys."""

from collections.abc import Iterator

from sources.generator.scene import DAY, HOUR, MINUTE, Scene, Touch
from sources.generator.website import browse

_SCORES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
_UNHAPPY = 0.22


def newsletter(scene: Scene) -> Iterator[Touch]:
    """A mail, perhaps opened, perhaps followed to the website, where only the cookie is seen."""
    who = {"email": scene.random.choice(scene.person.emails)}
    campaign: dict[str, object] = {"campaign_name": "weekly offers", "email_subject": "This week for you"}
    yield scene.touch(("email", "Email Delivered"), who, campaign)
    if scene.chance(0.4):
        scene.wait(10 * MINUTE, 12 * HOUR)
        yield scene.touch(("email", "Email Opened"), who, campaign)
        if scene.chance(0.4):
            scene.wait(5_000, MINUTE)
            yield scene.touch(("email", "Email Link Clicked"), who, campaign | {"link_url": "/leaflet"}, 2)
            scene.wait(1_000, 5_000)
            yield from browse(scene)


def survey(scene: Scene) -> Iterator[Touch]:
    """A question about a real basket, the day after; some answer, and some of those are not happy."""
    who = {"email": scene.person.emails[0]} | scene.about
    metric = scene.random.choice(("nps", "nps", "csat", "ces"))
    name: dict[str, object] = {"survey_name": f"after the purchase ({metric})"}
    yield scene.touch(("survey", "Survey Sent"), who, name)
    if scene.chance(0.5):
        scene.wait(20 * MINUTE, DAY)
        yield scene.touch(("survey", "Survey Answered"), who, name | _answer(scene, metric), 2)


def _answer(scene: Scene, metric: str) -> dict[str, object]:
    low, high = _SCORES[metric]
    middle = (low + high) // 2
    if scene.chance(_UNHAPPY):
        return {"metric": metric, "score": scene.random.randint(low, middle - 1), "comment": "I waited too long"}
    return {"metric": metric, "score": scene.random.randint(middle + 1, high)}
