"""Looking around on a site or in an app: pages, screens, clicks, forms, errors."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.touchpoint import Properties, Text


class PageProperties(Properties):
    """`path` is the touchpoint's location."""

    url: Text | None = None
    referrer: Text | None = None
    title: Text | None = None
    search: Text | None = None
    name: Text | None = None
    category: Text | None = None


class ScreenProperties(Properties):
    """`screen` is the touchpoint's location."""

    screen: Text | None = None
    name: Text | None = None
    category: Text | None = None


class PageViewed(PageProperties):
    """A page was shown."""

    event: ClassVar[str] = "Page Viewed"


class ScreenViewed(ScreenProperties):
    """A screen of an app was shown; Segment puts its title into `name`."""

    event: ClassVar[str] = "Screen Viewed"


class ApplicationOpened(ScreenProperties):
    """The app came to the front."""

    event: ClassVar[str] = "Application Opened"
    from_background: bool | None = None
    version: Text | None = None
    build: Text | None = None


class ElementClicked(Properties):
    """A click or tap, also one that did nothing."""

    event: ClassVar[str] = "Element Clicked"
    screen: Text | None = None
    element: Text | None = Field(None, description="a selector or name that stays the same between visits")
    text: Text | None = None
    x: float | None = Field(None, description="pixels of the page")
    y: float | None = None


class ErrorOccurred(Properties):
    """The customer met an error."""

    event: ClassVar[str] = "Error Occurred"
    screen: Text | None = None
    code: Text | None = None
    message: Text | None = None


class FormProperties(Properties):
    form_id: Text | None = None
    form_name: Text | None = None


class FormStarted(FormProperties):
    """The first field of a form was touched."""

    event: ClassVar[str] = "Form Started"


class FormSubmitted(FormProperties):
    """A form was sent."""

    event: ClassVar[str] = "Form Submitted"
    fields: Annotated[int, Field(ge=0)] | None = None


class SignedUp(Properties):
    """An account was made."""

    event: ClassVar[str] = "Signed Up"
    method: Text | None = None


class SignedIn(Properties):
    """A log-in succeeded."""

    event: ClassVar[str] = "Signed In"
    method: Text | None = None


INTERACTION = (ElementClicked, ErrorOccurred, FormStarted, FormSubmitted, SignedUp, SignedIn)
