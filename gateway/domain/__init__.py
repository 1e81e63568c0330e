"""Pure values and decisions of the product: no I/O, no clock, no asyncio."""
