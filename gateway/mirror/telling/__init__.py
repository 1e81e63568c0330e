"""What a device shall hear of its meetings: noted once, read by it or brought to its webhook; nothing is decided."""
