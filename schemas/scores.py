"""The scales on which customers score: NPS 0-10, CSAT 1-5, CES 1-7."""

SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
