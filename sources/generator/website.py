"""Stories on the website and in the app. A cookie stands alone until somebody logs in."""

from collections.abc import Iterator

from sources.generator.scene import MINUTE, SECOND, Scene, Touch

_CATALOGUE = (
    ("lettuce", "PRODUCE"),
    ("coffee beans", "COFFEE"),
    ("sourdough", "BREAD"),
    ("cheddar", "CHEESE"),
    ("yoghurt", "DAIRY"),
    ("dog food", "PETS"),
    ("frozen pizza", "FRZN PIZZA"),
    ("batteries", "HOUSEHOLD"),
)


def browse(scene: Scene) -> Iterator[Touch]:
    """The week's leaflet, a search, some products, a shopping list."""
    who = {"anonymous_id": scene.browser}
    name, category = scene.random.choice(_CATALOGUE)
    yield scene.page("/leaflet", who, title="This week")
    scene.wait(5 * SECOND, MINUTE)
    yield scene.page("/search", who, "Products Searched", query=name, results=scene.random.randint(0, 40))
    for position in range(scene.random.randint(1, 3)):
        scene.wait(5 * SECOND, 2 * MINUTE)
        path = f"/products/{name.replace(' ', '-')}-{position}"
        yield scene.page(path, who, "Product Viewed", name=name, category=category, position=position)
    if scene.chance(0.4):
        scene.wait(2 * SECOND, MINUTE)
        yield scene.page("/list", who, "Product Added", name=name, category=category, quantity=1)


def register(scene: Scene) -> Iterator[Touch]:
    """An account is made, the loyalty card is linked to it, the telephone number goes into the profile."""
    mail, card = {"email": scene.person.emails[0]}, {"loyalty_id": scene.person.loyalty_id}
    who = mail | {"anonymous_id": scene.browser}
    yield scene.page("/account/new", {"anonymous_id": scene.browser})
    scene.wait(20 * SECOND, 3 * MINUTE)
    yield scene.page("/account/new", who, "Signed Up", method="email")
    scene.wait(10 * SECOND, 5 * MINUTE)
    yield scene.page("/account/card", card | who, "Form Submitted", form_name="link loyalty card", fields=1)
    scene.wait(10 * SECOND, 5 * MINUTE)
    phone = {"phone": scene.person.phone}
    yield scene.page("/account/profile", who | phone, "Form Submitted", form_name="profile", fields=3)


def add_partner(scene: Scene) -> Iterator[Touch]:
    """The partner's address is added to the card."""
    who = {"loyalty_id": scene.person.loyalty_id, "email": scene.person.emails[-1]}
    yield scene.page("/account/household", who, "Form Submitted", form_name="add a person", fields=2)


def sign_in(scene: Scene) -> Iterator[Touch]:
    """A look around before the log-in, and after it."""
    yield from browse(scene)
    who = {"anonymous_id": scene.browser, "email": scene.person.emails[0]}
    scene.wait(5 * SECOND, MINUTE)
    yield scene.page("/account", who, "Signed In", method="email")
    for path in ("/account/points", "/account/coupons")[: scene.random.randint(1, 2)]:
        scene.wait(5 * SECOND, MINUTE)
        yield scene.page(path, who)


def abandoned_checkout(scene: Scene) -> Iterator[Touch]:
    """Click and collect that ends in an error, so that somebody has to help."""
    yield from sign_in(scene)
    who = {"anonymous_id": scene.browser, "email": scene.person.emails[0]}
    for path, event in (("/cart", "Cart Viewed"), ("/checkout", "Checkout Started")):
        scene.wait(10 * SECOND, MINUTE)
        yield scene.page(path, who, event)
    for _ in range(scene.random.randint(1, 3)):
        scene.wait(3 * SECOND, 30 * SECOND)
        yield scene.page("/checkout", who, "Error Occurred", code="PICKUP-409", message="This time is taken")


def app_first(scene: Scene) -> Iterator[Touch]:
    """The app is installed and logged in."""
    device = {"device_id": scene.person.device_id}
    yield scene.touch(("app", "Application Opened"), device, {"version": "4.2"}, 0)
    scene.wait(10 * SECOND, 3 * MINUTE)
    yield scene.touch(("app", "Signed In"), device | {"email": scene.person.emails[0]}, {"method": "email"}, 3)


def app_visit(scene: Scene) -> Iterator[Touch]:
    """Points and coupons on the way to the shop."""
    device = {"device_id": scene.person.device_id}
    yield scene.touch(("app", "Application Opened"), device, {"version": "4.2"}, 0)
    for screen in ("Coupons", "Points", "Shopping list")[: scene.random.randint(1, 3)]:
        scene.wait(3 * SECOND, MINUTE)
        yield scene.touch(("app", "Screen Viewed"), device, {"screen": screen}, 0)
