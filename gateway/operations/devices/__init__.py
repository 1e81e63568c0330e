"""What an admin does with devices, for page and command alike; the register itself is the package `devices`."""
