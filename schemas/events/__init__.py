"""Typed properties of known events that several channels share, under Segment's names where they exist."""
