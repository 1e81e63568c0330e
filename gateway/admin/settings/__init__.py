"""The pages of the settings and of the notifications."""
