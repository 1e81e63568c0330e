"""What other programs read of the gateway: metrics, the text of the device API, calendar feeds."""
