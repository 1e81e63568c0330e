"""Settings as an admin sees and saves them, tried before they count; reading files is `config`."""
