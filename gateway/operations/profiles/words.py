"""The words of profiles as people read them on the device pages; what the words do is decided where they are read."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.zones import ZoneCoding
from gateway.profiles.fields import Coding, Part, Trust
from gateway.profiles.vocabulary import Credential, Dialect, Transport

TRUST: Mapping[Trust, str] = {
    Trust.HARDWARE: "seen on a real device",
    Trust.DOCUMENTED: "from the maker's documents or code",
    Trust.SIMULATED: "**guessed**",
}

TRANSPORTS: Mapping[Transport, str] = {
    Transport.PUSH: "the device, or a program beside it, calls the gateway",
    Transport.POLL: "the gateway asks the device",
}

DIALECTS: Mapping[Dialect, str] = {
    Dialect.JSON: "JSON",
    Dialect.FORM: "form fields",
    Dialect.UCM_ENVELOPE: "the UCM's own API",
    Dialect.ITIP: "iCalendar (`text/calendar`)",
    Dialect.JITSI: "Jitsi's reservation calls",
    Dialect.ACTION_URL: "Action URL (GET)",
}

CREDENTIALS: Mapping[Credential, str] = {
    Credential.BEARER: "`Authorization: Bearer`",
    Credential.BASIC: "name and key (Basic)",
    Credential.DIGEST: "name and key (Digest)",
    Credential.DIGEST_MD5: "name and key (Digest, with MD5 too)",
    Credential.UCM_CHALLENGE: "the UCM's challenge and login",
    Credential.QUERY_KEY: "a key in the address",
}

PARTS: Mapping[Part, str] = {
    Part.EXTERNAL_ID: "the device's own id of the meeting",
    Part.SUBJECT: "Meeting Subject",
    Part.START: "start",
    Part.END: "end",
    Part.DURATION: "duration",
    Part.ZONE: "Time Zone",
    Part.REPEAT: "Repeat",
    Part.AGENDA: "Meeting Agenda",
    Part.HOST: "Host",
    Part.INVITEES: "Invitees",
    Part.ROOM: "Meeting Room",
    Part.PUBLIC_ROOM: "Public Meeting Room",
    Part.PASSWORD: "Password (kept encrypted)",
    Part.HOST_PASSWORD: "Host Password (kept encrypted)",
    Part.REMINDER_MINUTES: "Email Reminder, in minutes",
    Part.ALLOW_USER_INVITE: "Allow User Invite",
    Part.CALL_PARTICIPANTS: "Call Participants",
    Part.OVERRIDE_HOST_MUTE: "Allowed to Override Host Mute",
    Part.AUTO_RECORD: "Auto Record",
    Part.SYNC_TO_CALENDAR: "Sync to Google Calendar",
    Part.SEQUENCE: "number of the change",
    Part.MEET: "a Google Meet conference",
    Part.START_DATE: "day of the start",
    Part.START_TIME: "time of day of the start",
    Part.END_DATE: "day of the end",
    Part.END_TIME: "time of day of the end",
    Part.ALL_DAY: "whole days",
    Part.REPEAT_COUNT: "how many times a series is held",
    Part.REPEAT_UNTIL: "last day of a series",
    Part.REPEAT_INTERVAL: "every how many days, weeks, months",
    Part.WEEKDAYS: "days of the week of a series",
    Part.ORIGINAL_START: "the occurrence a change is about",
    Part.CANCELLED: "says that the meeting is cancelled",
    Part.SIP_URI: "SIP address to dial",
    Part.DIAL_IN: "telephone number to dial",
    Part.WEB_LINK: "web address to join",
    Part.EXTENSION: "extension",
    Part.EMAIL: "e-mail address",
    Part.NAME: "name",
    Part.IS_HOST: "is the host",
}

CODINGS: Mapping[Coding, str] = {
    Coding.TEXT: "text",
    Coding.LINES: "text of several lines",
    Coding.CODE: "text or number",
    Coding.PIN: "digits",
    Coding.EMAIL: "e-mail address",
    Coding.NUMBER: "number",
    Coding.NUMBER_OR_TEXT: "number, or digits as text",
    Coding.YES_NO: "`yes` or `no`",
    Coding.ZERO_ONE: "`0` or `1`",
    Coding.TRUE_FALSE: "`true` or `false`",
    Coding.TRUTH: "a word for yes or no",
    Coding.CHOICE: "a word",
    Coding.LOCAL_TIME: "`2024-04-29 10:00:00` on the device's clock",
    Coding.DATE_TIME: "`2024-04-29T10:00:00`, with `Z` or an offset, or without",
    Coding.EPOCH_MS: "milliseconds since 1970",
    Coding.EPOCH_S: "seconds since 1970",
    Coding.UTC_TIME: "`2024-04-29 09:00:00` in UTC",
    Coding.DATE_YMD: "`2024-04-29`",
    Coding.DATE_DMY: "`29.04.2024`",
    Coding.DATE_MDY: "`04/29/2024`",
    Coding.TIME_24: "`14:30`",
    Coding.TIME_12: "`2:30 PM`",
    Coding.DAY_LIST: "days of the week",
    Coding.ZONE: "a zone, see below",
    Coding.RULE: "an object with `frequency`, `interval`, `count`, `until`, `weekdays`",
    Coding.PERSON: "an object",
    Coding.PEOPLE: "a list of objects",
    Coding.ADDRESS_LIST: "`bob@example.com, 1001`",
}

ZONES: Mapping[ZoneCoding, str] = {
    ZoneCoding.IANA: "`Europe/Paris`, `Etc/GMT-1` (which is UTC+01:00)",
    ZoneCoding.ETC_LABEL: "`(UTC+01:00) Etc/GMT-1`; the code counts, not the label",
    ZoneCoding.OFFSET_TEXT: "`+0800`, `UTC+08:00`",
}
"""Codings that are not named here are shown by their own word."""
