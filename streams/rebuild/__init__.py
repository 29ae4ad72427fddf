"""Identity and journeys once more, from what is stored: the same steps as in the workers, their rows into other tables."""
