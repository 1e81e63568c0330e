"""Calendar accounts: sign in, keep, watch over; the one place that every door to Google's sign-in uses."""
