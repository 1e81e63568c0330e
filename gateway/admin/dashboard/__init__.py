"""The dashboard and the audit log: what the gateway does at a glance; nothing here decides or does anything else."""
