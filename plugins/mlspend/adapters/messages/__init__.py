"""Messages on their way out: Slack, the outbox, and what makes each be sent once."""
