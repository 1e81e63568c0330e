"""The tester's simulator: Google and meeting devices without either; it shares no code with the gateway."""
