"""What other rules would make of the same claims and facts: pure, nothing is written."""
