"""The pages of the checks and of the support bundle."""
