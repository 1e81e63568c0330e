"""What is done with profiles of devices: shown, checked, drafted, edited; reading them is the package `profiles`."""
