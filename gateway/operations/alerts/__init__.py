"""Who is told when something needs attention, by which way and how often; how a message travels is `notify`."""
