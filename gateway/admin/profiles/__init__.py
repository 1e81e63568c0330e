"""The pages of the profiles: the list, one of them, trying it with a call, writing one's own."""
