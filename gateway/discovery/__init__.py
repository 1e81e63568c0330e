"""Announces the gateway on the local network and hears what appliances announce; nothing here calls anybody."""
