"""Quality gates: which billing periods are held back, and why."""
