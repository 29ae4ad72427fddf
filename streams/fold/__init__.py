"""Journeys as a pure function: sessions, journeys, stages, hand-offs and friction of a customer, from facts alone.

`fold(facts, rules, now)` says it of a whole history, `Timeline` says the same one fact at a time. `docs/journeys.md`
has the rules in words.
"""
