"""The commented `config.yaml` and `.env` of `meeting-gateway init`; the `.example` files carry the same text."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.config.shape import variable
from gateway.errors import ConfigError


def config_yaml(device_id: str = "ucm-1") -> str:
    """A complete `config.yaml` with one device; every setting that has a default is there behind a `#`."""
    first, named = (variable(("devices", each)) for each in ("ucm-1", device_id))
    return _CONFIG_YAML.replace(first, named).replace("ucm-1", device_id)


def env_file(device_key: str, device_id: str = "ucm-1") -> str:
    """A `.env` with the key of the device; an empty key counts as not set."""
    return f"""\
# Secrets of the meeting gateway: readable by the gateway's user only, never in a repository or a backup of others.
# Environment variables of the same names are stronger than this file; NAME_FILE=path reads the secret from a file.

# The client secret of your Google OAuth client; it starts with GOCSPX-.
#{variable(("google", "client_secret"))}=

# The key that the device {device_id} shows with each call; 16 characters or more.
{variable(("devices", device_id, "key"))}={device_key}

# The secret that signs its webhook's calls: whsec_ and the base64 of 24 to 64 random bytes.
#{variable(("devices", device_id, "webhook", "secret"))}=

# The password of the device's own API, if the gateway asks it (poll).
#{variable(("devices", device_id, "poll", "password"))}=

# The password that the proxy on the way to Google asks for.
#{variable(("network", "proxy", "password"))}=

# The password of the mail server that takes alerts, if it asks for one.
#{variable(("notifications", "email", "password"))}=

# The secret that signs the calls of alerts: whsec_ and the base64 of 24 to 64 random bytes.
#{variable(("notifications", "webhook", "secret"))}=

# A token for Prometheus, which reads metrics with it instead of an API key; 16 characters or more.
#{variable(("metrics", "token"))}=
"""


def write_initial(folder: Path, *, force: bool, new_key: str) -> list[Path]:
    """Write `config.yaml` (0644) and `.env` (0600, with `new_key` for the first device) into an existing folder.

    Files that are there are overwritten only with `force`; otherwise nothing is written at all. `ConfigError` when a
    file is there or cannot be written.
    """
    files = {folder / "config.yaml": (config_yaml(), 0o644), folder / ".env": (env_file(new_key), 0o600)}
    there = [path for path in files if os.path.lexists(path)]
    if there and not force:
        raise ConfigError([f"{path}: {_THERE}" for path in there])
    for path, (text, mode) in files.items():
        problem = _write(path, text, mode, force=force)
        if problem:
            raise ConfigError([f"{path}: {problem}"])
    return list(files)


def _write(path: Path, text: str, mode: int, *, force: bool) -> str | None:
    """Write a file that was not there, or say why not; with `force` it takes the old one's place once it is whole."""
    made = path.with_name(f"{path.name}.new") if force else path
    try:
        if force:
            made.unlink(missing_ok=True)
        with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        made.replace(path)
    except FileExistsError:
        return _THERE
    except OSError as error:
        return f"the file cannot be written ({error.strerror}); check that its folder is there and may be written to"
    return None


_THERE = "the file is there already; --force overwrites it"

_CONFIG_YAML = """\
# Settings of the meeting gateway.
#
# A line that starts with '#' and a name shows a setting: remove the '#' to set it. Settings with a default show it.
# Try your changes with: meeting-gateway check-config
# Client secret and device keys do not belong here: they stand in the file .env beside this one.
# Every setting can also come from an environment variable: gateway.listen from GATEWAY_GATEWAY__LISTEN.

# The edition of this file; always 1 so far.
version: 1

gateway:
  # Name of this gateway, for people.
  #name: Meeting gateway
  # Time zone in which people are shown times, an IANA name. Meetings never use it. Default: none.
  #time_zone: Europe/Berlin
  # Language of the pages in browsers that have not chosen one, and of alerts: en, es, or auto, which is what the
  # browser asks for, and English for alerts.
  #language: auto
  # How times of day are written: 24h, 12h, or language, which is as the language has it.
  #clock: 24h
  # Day that weeks begin with: monday, sunday or saturday.
  #week_begins: monday
  # IP address and port to listen on. 0.0.0.0 is every IPv4 address of this machine, [::] every IPv6 address.
  #listen: 0.0.0.0:8765
  # IP address and port for browsers and for devices that speak https. The certificate is made on the first start.
  #listen_tls: 0.0.0.0:8766
  # Address under which people and devices reach the gateway, if it has a name of its own. Default: none.
  #public_url: https://meet.example.com
  # Folder for database and keys; a relative one starts at the folder of this file.
  #data_dir: data
  # Folder for device profiles of your own, which win over those that come with the gateway; a relative one starts at
  # the folder of this file. Default: profiles in the data folder.
  #profiles_dir: profiles

# The client and the calendar can also be set on the admin page. What is set here is locked there.
google:
  # Client ID of your OAuth client: Google Cloud Console, Google Auth Platform, Clients. Default: none.
  # The client secret stands in .env as GATEWAY_GOOGLE__CLIENT_SECRET.
  #client_id: 826310039758-abc.apps.googleusercontent.com
  # Address to which Google sends people back after the sign-in. Default: the one below, with the port of
  # gateway.listen; it suits a client of type Desktop app. A client of type Web application must have it registered.
  #redirect_uri: http://127.0.0.1:8765/oauth/google/callback
  # The only Google account that may be connected. Default: any.
  #expected_account: pbx-calendar@example.com
  # Calendar for the meetings of devices that name no calendar: 'primary' or a calendar ID from Google's settings.
  #calendar: primary
  # Key file of a service account, instead of an OAuth client, where a Workspace administrator allowed it to act for
  # people (domain-wide delegation); a relative one starts at the folder of this file. Default: none.
  #service_account_file: service-account.json
  # The person for whom the service account acts. Default: none.
  #service_account_user: pbx-calendar@example.com
  # Only read calendars and never write to one: true or false. Meetings are kept and wait.
  #read_only: false
  # How often calendars are read for what people changed in them, in seconds: 15 to 3600.
  #refresh_every_s: 60

  # Addresses of Google's services. Change them only to work with the simulator.
  endpoints:
    # Page where people sign in and consent.
    #authorize: https://accounts.google.com/o/oauth2/v2/auth
    # Where codes and refresh tokens are exchanged for access tokens.
    #token: https://oauth2.googleapis.com/token
    # Where an authorization is given back.
    #revoke: https://oauth2.googleapis.com/revoke
    # Where the gateway learns which account signed in.
    #userinfo: https://openidconnect.googleapis.com/v1/userinfo
    # The Calendar API.
    #calendar: https://www.googleapis.com/calendar/v3

# The devices that may push meetings or are asked for them, one item for each. What is set here is locked elsewhere;
# others are added without this file: meeting-gateway device add.
devices:
  # Name of the device in its address /api/v1/devices/ucm-1: small letters, digits, '.', '_' and '-'.
  # Its key stands in .env as GATEWAY_DEVICES__UCM_1__KEY.
  - id: ucm-1
    # How the device talks: vendor/model, a profile that is listed in the documentation.
    profile: grandstream/ucm6300
    # Model, for its limits, as the profile names it. Default: none, the limits of the whole family hold.
    #model: UCM6304
    # Name for people. Default: the id.
    #name: UCM6304 headquarters
    # Time zone of meetings for which the device sends none, an IANA name. Default: none, such meetings are refused.
    #time_zone: Europe/Berlin
    # Google account whose calendar that is, one of those that are signed in. Default: the main one.
    #account: pbx-calendar@example.com
    # Calendar for the meetings of this device. Default: google.calendar, or the main calendar of the account above.
    #calendar: rooms@example.com
    # Who invites the guests: device (the PBX mails them, Google does not), google (Google mails them), off (nobody).
    # Default: what was chosen on the admin page, otherwise device.
    #invitations: device
    # Whose word counts when a person changes an event in the calendar: device (it is put back), google (the change is
    # kept and the device is told), ask (nothing is written to it before an administrator decides).
    #wins: device
    # What happens to a meeting whose time is taken: allow (it is accepted), warn (accepted with a warning), refuse.
    #conflict: allow
    # Whether each event gets a Google Meet conference: true or false.
    #meet: false
    # Whether events block time: opaque (they do) or transparent.
    #transparency: opaque
    # Who may read events: default (as the calendar says), public or private. Default: meetings.visibility.
    #visibility: default
    # The room's own address in Google Workspace; it is invited to every meeting, so that it is booked. Default: none.
    #room_address: c_188abc@resource.calendar.google.com
    # Domain of the addresses of people who are known by their extension alone: 1000 is 1000@ this. Default: none.
    #email_domain: example.com
    # How people get into its meetings, where a meeting does not say so itself; {room} stands for the meeting's room.
    join:
      # SIP address, for one touch on a telephone. Default: none.
      #sip_uri: sip:{room}@pbx.example.com
      # Telephone number as people dial it. Default: none.
      #dial_in: +49 89 1234567
      # Address for browsers. Default: none.
      #web_link: https://pbx.example.com/meet/{room}
    # Whether the password of a meeting may stand in the invitation, where every guest reads it: true or false.
    # Default: meetings.show_pins.
    #show_pins: false
    # For a device that cannot call: where the gateway asks it. Its password stands in .env as
    # GATEWAY_DEVICES__UCM_1__POLL__PASSWORD, and it needs no key.
    #poll:
      # Host name or IP address of the device.
      #address: 192.0.2.21
      # User name of its API.
      #user: cdrapi
      # Port of its API. Default: what the profile says.
      #port: 8089
      # Pause between two looks, in seconds: 10 to 86400. Default: what the profile says.
      #every_s: 60
      # SHA-256 of its certificate, if it made that itself: the only one that is trusted then. Default: none.
      #fingerprint: "0000000000000000000000000000000000000000000000000000000000000000"
    # Where the device hears of guests' replies and people's edits in the calendar. The secret that signs the calls
    # stands in .env as GATEWAY_DEVICES__UCM_1__WEBHOOK__SECRET.
    #webhook:
      # Address that is called.
      #url: https://pbx.example.com/hooks/meetings

# What the events of all meetings say, from the next time that they are written. Names in braces are filled in for each
# meeting; docs/reference/invitation-text.md lists them. A line in which all of them are empty is left out.
meetings:
  # Title of an event. Default: the subject of the meeting.
  #title: "{subject}"
  # Description of an event; \\n is a line break. Default: agenda, ways to join, host, invitees and device.
  #description: "{agenda}\\n\\n{join}\\n\\nHost: {organizer}"
  # When people are reminded, if the device does not say it: calendar (as each calendar has it), none, or up to five
  # such as 10 popup, 60 email (minutes before the start).
  #reminders: calendar
  # Who may read events of devices that do not say it: default (as the calendar says), public or private.
  #visibility: default
  # Whether the password of a meeting may stand in the invitation, for devices that do not say it: true or false.
  #show_pins: false

# How gateways and devices find each other on the network (multicast DNS).
discovery:
  # Whether the gateway announces its address and its name: true or false.
  #announce: true
  # Whether it listens to what devices announce. They are shown, and never called before you accept them: true or false.
  #browse: true

# The way out to Google, and proxies that stand before the gateway.
network:
  # A proxy that all calls to Google go through (CONNECT). Calls to devices and mail servers never do, and variables
  # such as HTTPS_PROXY are not used. The password of its user stands in .env as GATEWAY_NETWORK__PROXY__PASSWORD.
  #proxy:
    # Address and port.
    #address: http://proxy.example.com:3128
    # User name, if the proxy asks for one. Default: none.
    #user: gateway
  # File with a root certificate (PEM) that is trusted beside the usual ones on the way to Google, where a firewall
  # inspects https traffic; a relative one starts at the folder of this file. Default: none.
  #root_certificate: company-root.pem
  # Reverse proxies whose word counts about who is calling and how (X-Forwarded-For, -Proto, -Host and -Prefix): IP
  # addresses or networks with commas between them. Default: none, such headers are not believed.
  #trusted_proxies: 192.0.2.10, 10.1.0.0/16

# Who hears, outside the admin page, that Google no longer accepts the gateway, or that a meeting needs somebody.
notifications:
  # A mail server. The password of its user stands in .env as GATEWAY_NOTIFICATIONS__EMAIL__PASSWORD.
  #email:
    # Host name or IP address.
    #server: mail.example.com
    # Port.
    #port: 587
    # How the way there is encrypted: starttls, tls (from the first byte) or none.
    #security: starttls
    # User name, if the server asks for one. Default: none.
    #user: gateway
    # Address the mails come from.
    #sender: gateway@example.com
    # Who gets them; several addresses have commas between them.
    #to: telephony@example.com
    # What is told: all, none, or some of google, waiting, decisions, calendars, vanished, disk, settings.
    #events: all
  # A web address that is called (Standard Webhooks). The secret that signs the calls stands in .env as
  # GATEWAY_NOTIFICATIONS__WEBHOOK__SECRET.
  #webhook:
    # Address that is called.
    #url: https://alerts.example.com/hooks/gateway
    # What is told: all, none, or some of google, waiting, decisions, calendars, vanished, disk, settings.
    #events: all
  # A syslog server.
  #syslog:
    # Host and port (UDP), or the path of a socket.
    #address: 192.0.2.5:514
    # What is told: all, none, or some of google, waiting, decisions, calendars, vanished, disk, settings.
    #events: all

# What people may read of the gateway without signing in.
integrations:
  # Whether the page of the device API (/help/api) is shown to people who are not signed in: true or false.
  #public_api_page: false

# Numbers about the gateway, for programs such as Prometheus.
metrics:
  # Whether they may be read at /metrics: true or false. Whoever reads them needs an API key with the scope metrics, or
  # the token that stands in .env as GATEWAY_METRICS__TOKEN.
  #enabled: false

limits:
  # Largest body of a call, in bytes: 1024 to 1048576.
  #body_bytes: 65536
  # Longest time that the body of a call may take to arrive, in seconds: 1 to 60.
  #body_timeout_s: 5
  # Calls a minute that one device may make: 1 to 10000000. After a silence it may make as many at once.
  #device_calls_per_minute: 3000
  # Wait before a failed call to Google is tried again, in seconds: 0.01 to 60. It doubles with each failure.
  #retry_first_s: 2
  # Longest wait between two tries, in seconds: up to 21600.
  #retry_cap_s: 900
  # Calls to Google at the same time: 1 to 50.
  #in_flight: 5
  # Longest time that a call to Google may take, in seconds: 0.1 to 120.
  #call_timeout_s: 30
  # Calls a minute that Google allows the whole project: 1 to 10000000. What Google really allows is learned.
  #google_project_per_min: 10000
  # Calls a minute that Google allows one account: 1 to 10000000.
  #google_account_per_min: 600
  # Writes a second to one calendar to begin with: 0.01 to 10000. It rises while Google takes them.
  #google_calendar_per_s: 1

logging:
  # How much is logged: debug, info, warning or error.
  #level: info
  # Form of a log line: text, or json for log collectors.
  #format: text
"""
