"""Identity: a pure function of the set of claims (`resolve`), and the same function kept up to date claim by claim."""
