"""The only place that knows Google's addresses, words and errors."""
