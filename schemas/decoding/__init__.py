"""The parts of the decoder. `schemas.decode` is its face.

A record is screened as bytes, then decoded by the fast lane (msgspec structs made from the pydantic models, strict).
What either refuses goes to the slow lane: pydantic decides, and either words the dead letter or gives canonical bytes,
which the fast lane then takes. Columns (times, ids, versions) are computed for a whole slice at once.
"""
