"""The pages of the devices: the list, who waits, adding one, one device with its settings and its people."""
