"""How Throughline runs: the local stack, compose, Kubernetes, and what they share."""
