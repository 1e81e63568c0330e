"""The Google page: four cards from the app to the calendar, the callback, the endings; other pages live beside it."""
