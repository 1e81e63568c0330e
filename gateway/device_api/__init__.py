"""The devices' HTTP door: routes and the meaning of each call; no SQL, no vendor words, no Google."""
