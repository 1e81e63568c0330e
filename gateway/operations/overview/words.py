"""What happened, in a plain sentence for people, made of what is kept of it; what is shown is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.domain.actor import COMMAND_LINE
from gateway.messages.languages import tr

GATEWAY = "gateway"
"""The actor of what the gateway does by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened: `action` is a word of the audit table or of the feed of changes.

    `who` and `what` are names for people already; `where` is from which address it was done, `detail` what else is
    kept, in English. `decided` is whose version counts after people changed an event: `device`, `calendar` or `asks`.
    """

    action: str
    who: str
    what: str
    detail: str = ""
    where: str = ""
    decided: str = ""

    @property
    def values(self) -> dict[str, object]:
        """What the sentences are filled with."""
        return {"who": self.who, "what": self.what, "detail": self.detail, "where": self.where}


def sentence(each: Happened) -> str:
    """Return the sentence; of an action that has none, the bare facts."""
    words = _SENTENCES.get(f"{each.action}:{each.decided}") or _SENTENCES.get(each.action)
    if words is not None:
        return words(each.values)
    facts = {"action": each.action.replace(".", ": ").replace("_", " ").replace("-", " "), **each.values}
    if each.what:
        return tr("%(who)s - %(action)s (%(what)s)", **facts)
    return tr("%(who)s - %(action)s", **facts)


def actor_shown(actor: str, titles: Mapping[str, str]) -> str:
    """Return who did something as people read it; `titles` are the names of devices by their ids."""
    kind, _, name = actor.partition(":")
    if kind == "device":
        return titles.get(name, name)
    if kind == "admin":
        return name
    if actor == COMMAND_LINE.name:
        return tr("The command line")
    return {GATEWAY: tr("The gateway"), "nobody": tr("Somebody")}.get(actor, actor)


_Words = Callable[[Mapping[str, object]], str]

_SENTENCES: dict[str, _Words] = {
    "meeting.scheduled": lambda v: tr('%(who)s scheduled "%(what)s"', **v),
    "meeting.changed": lambda v: tr('%(who)s changed "%(what)s"', **v),
    "meeting.cancelled": lambda v: tr('%(who)s cancelled "%(what)s"', **v),
    "occurrence.changed": lambda v: tr('%(who)s changed one date of "%(what)s"', **v),
    "occurrence.cancelled": lambda v: tr('%(who)s cancelled one date of "%(what)s"', **v),
    "meeting.cancel_asked": lambda v: tr('%(who)s asked to cancel "%(what)s" in Google', **v),
    "meeting.sent_again": lambda v: tr('%(who)s sent "%(what)s" to Google again', **v),
    "meeting.decided": lambda v: tr('%(who)s decided whose version of "%(what)s" counts', **v),
    "meeting.asks": lambda v: tr('"%(what)s" is changed in Google again and again; somebody has to decide', **v),
    "meeting.adopted": lambda v: tr('%(who)s took an event that was there for "%(what)s"', **v),
    "meeting.adoption_rejected": lambda v: tr('%(who)s said that another event is not "%(what)s"', **v),
    "meeting.edited": lambda v: tr('Google: event "%(what)s" was changed', **v),
    "meeting.edited:device": lambda v: tr('Google: event "%(what)s" was changed; the device\'s version is kept', **v),
    "meeting.edited:calendar": lambda v: tr('Google: event "%(what)s" was changed; Google\'s version is kept', **v),
    "meeting.edited:asks": lambda v: tr('Google: event "%(what)s" was changed; you decide which version counts', **v),
    "meeting.deleted": lambda v: tr('Google: event "%(what)s" was deleted', **v),
    "meeting.deleted:device": lambda v: tr('Google: event "%(what)s" was deleted; it is put back', **v),
    "meeting.deleted:calendar": lambda v: tr('Google: event "%(what)s" was deleted, and stays so', **v),
    "meeting.deleted:asks": lambda v: tr(
        'Google: event "%(what)s" was deleted; you decide whether it is put back', **v
    ),
    "meeting.restored": lambda v: tr('Google: event "%(what)s" is as the device says again', **v),
    "meeting.conflict": lambda v: tr('Google and the device both changed "%(what)s"', **v),
    "meeting.replied": lambda v: tr('Google: a guest answered "%(what)s"', **v),
    "meeting.meet": lambda v: tr('Google: news about the Meet link of "%(what)s"', **v),
    "mirror.repaired": lambda v: tr("%(who)s put right what differed between devices and Google (%(what)s)", **v),
    "calendar.believed": lambda v: tr("%(who)s said that %(detail)s events are really gone from %(what)s", **v),
    "calendar.restored": lambda v: tr("%(who)s had %(detail)s events put back into %(what)s", **v),
    "calendar.doubles-removed": lambda v: tr("%(who)s had %(detail)s events too many removed from %(what)s", **v),
    "device.added": lambda v: tr("%(who)s added the device %(what)s", **v),
    "device.changed": lambda v: tr("%(who)s changed the settings of %(what)s", **v),
    "device.removed": lambda v: tr("%(who)s removed the device %(what)s", **v),
    "device.paused": lambda v: tr("%(who)s paused %(what)s", **v),
    "device.resumed": lambda v: tr("%(who)s resumed %(what)s", **v),
    "device.new_key": lambda v: tr("%(who)s made a new key for %(what)s", **v),
    "device.believed": lambda v: tr("%(who)s said that the meetings missing at %(what)s are really gone", **v),
    "device.certificate_trusted": lambda v: tr("%(who)s trusts the certificate of %(what)s", **v),
    "device.ignored": lambda v: tr("%(who)s ignores %(what)s from now on", **v),
    "device.heeded": lambda v: tr("%(who)s no longer ignores %(what)s", **v),
    "device.dismissed": lambda v: tr("%(who)s put off the question about %(what)s", **v),
    "device.new_ones_allowed": lambda v: tr("%(who)s allowed new devices for a short time", **v),
    "device.new_ones_refused": lambda v: tr("%(who)s no longer allows new devices", **v),
    "directory.imported": lambda v: tr("%(who)s imported the extension list of %(what)s (%(detail)s lines)", **v),
    "directory.cleared": lambda v: tr("%(who)s cleared the extension list of %(what)s", **v),
    "google.app-saved": lambda v: tr("%(who)s saved the Google app", **v),
    "google.app-reset": lambda v: tr("%(who)s set the Google app back to the settings", **v),
    "google.link-made": lambda v: tr("%(who)s made a sign-in link for Google", **v),
    "google.code-accepted": lambda v: tr("Google accepted the authorization code of %(who)s", **v),
    "google.code-refused": lambda v: tr("Google refused the authorization code of %(who)s", **v),
    "google.key-accepted": lambda v: tr("Google accepted the key of a service account", **v),
    "google.key-refused": lambda v: tr("Google refused the key of a service account", **v),
    "google.cancelled": lambda v: tr("%(who)s stopped the sign-in at Google", **v),
    "google.connected": lambda v: tr("%(who)s connected the Google account %(what)s", **v),
    "google.added": lambda v: tr("%(who)s added the Google account %(what)s", **v),
    "google.replaced": lambda v: tr("%(who)s connected the Google account %(what)s in place of another one", **v),
    "google.made-main": lambda v: tr("%(who)s made %(what)s the main account", **v),
    "google.disconnected": lambda v: tr("%(who)s disconnected the Google account %(what)s", **v),
    "google.revoked": lambda v: tr("%(who)s disconnected %(what)s and withdrew the permission", **v),
    "google.calendar-chosen": lambda v: tr("%(who)s chose the calendar %(what)s", **v),
    "google.test-written": lambda v: tr("%(who)s sent a test meeting", **v),
    "google.test-deleted": lambda v: tr("%(who)s deleted the test meeting", **v),
    "admin.set-up": lambda v: tr("%(who)s was made the first administrator", **v),
    "admin.set-up-refused": lambda v: tr("Somebody at %(where)s entered a wrong set-up code", **v),
    "admin.sign-in": lambda v: tr("%(who)s signed in", **v),
    "admin.sign-in-failed": lambda v: tr("Somebody at %(where)s tried to sign in in vain (%(what)s)", **v),
    "admin.proof-failed": lambda v: tr("A wrong password was entered to confirm something (%(what)s)", **v),
    "admin.sign-out": lambda v: tr("%(who)s signed out", **v),
    "admin.session-ended": lambda v: tr("%(who)s ended a session of %(what)s", **v),
    "admin.password-changed": lambda v: tr("%(who)s changed the password of %(what)s", **v),
    "admin.user-added": lambda v: tr("%(who)s added the administrator %(what)s", **v),
    "admin.user-removed": lambda v: tr("%(who)s removed the administrator %(what)s", **v),
    "admin.throttled": lambda v: tr("Too many wrong passwords from %(where)s: further tries have to wait", **v),
    "api-key.created": lambda v: tr("%(who)s created the API key %(what)s", **v),
    "api-key.revoked": lambda v: tr("%(who)s revoked the API key %(what)s", **v),
    "api-key.throttled": lambda v: tr("Too many wrong API keys from %(where)s: further ones have to wait", **v),
    "feed.created": lambda v: tr("%(who)s made a calendar address for %(what)s", **v),
    "feed.revoked": lambda v: tr("%(who)s withdrew the calendar address of %(what)s", **v),
    "dashboard.put_off": lambda v: tr("%(who)s wants to be reminded of a problem in two days", **v),
    "dashboard.taken_up": lambda v: tr("%(who)s wants to see a problem again", **v),
    "dashboard.checklist_dismissed": lambda v: tr("%(who)s closed the list of first steps", **v),
    "settings.put_back": lambda v: tr("%(who)s restored the last working settings", **v),
    "settings.saved": lambda v: tr("%(who)s changed settings (%(what)s)", **v),
    "certificate.uploaded": lambda v: tr("%(who)s uploaded a certificate for https", **v),
    "certificate.made_here": lambda v: tr("%(who)s went back to the gateway's own certificate", **v),
    "backup.made": lambda v: tr("%(who)s made a backup", **v),
    "backup.removed": lambda v: tr("%(who)s removed a backup", **v),
    "backup.downloaded": lambda v: tr("%(who)s downloaded a backup", **v),
    "backup.forgotten": lambda v: tr("%(who)s removed a backup", **v),
    "gateway.restarted": lambda v: tr("%(who)s started the gateway again", **v),
    "gateway.reset": lambda v: tr("%(who)s reset parts of the gateway (%(what)s)", **v),
    "gateway.reset_planned": lambda v: tr("%(who)s had the gateway start again to reset parts of it (%(what)s)", **v),
    "gateway.reset_dropped": lambda v: tr("%(who)s decided to reset nothing", **v),
    "admin.first-run-over": lambda v: tr("%(who)s ended the first steps", **v),
    "call.replayed": lambda v: tr("%(who)s had a call processed again (%(what)s)", **v),
    "directory.changed": lambda v: tr("%(who)s changed the extension list of %(what)s", **v),
    "log.raised": lambda v: tr("%(who)s made the log say more for a while", **v),
    "log.lowered": lambda v: tr("%(who)s made the log say as much as usual again", **v),
    "profile.saved": lambda v: tr("%(who)s changed the profile %(what)s", **v),
    "profile.made": lambda v: tr("%(who)s made the profile %(what)s", **v),
    "recording.started": lambda v: tr("%(who)s started to record everything", **v),
    "recording.stopped": lambda v: tr("%(who)s stopped the recording", **v),
    "recording.removed": lambda v: tr("%(who)s deleted the recording", **v),
    "meeting.password_shown": lambda v: tr('%(who)s looked at the password of "%(what)s"', **v),
    "backup.restored": lambda v: tr("%(who)s restored a backup", **v),
    "meetings.written_again": lambda v: tr("%(who)s had the events of coming meetings written again", **v),
}
"""Sentences are made when they are wanted, in the language that is spoken then."""
