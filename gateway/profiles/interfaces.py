"""How devices are talked to, read from a profile's file: the words of their API and of the answers they expect."""

from __future__ import annotations

from gateway.profiles.fields import Trust
from gateway.profiles.model import Api, Constant, Ref, Replies, Reply
from gateway.profiles.sections import Section
from gateway.profiles.vocabulary import ReplyWord

JSON = "application/json"
API_PORT = 8089
API_PATH = "/api"
API_VERSION = "1.0"
API_EVERY_S = 300
API_PAGE_SIZE = 30
_HIGHEST_PORT = 65535


def read_api(section: Section, shape_names: list[str]) -> Api:
    """The section `api`; `shape_names` are the shapes there are."""
    api = Api(
        shape=section.text("shape"),
        schedule=section.texts("schedule"),
        change=section.texts("change"),
        cancel=section.texts("cancel"),
        get=section.optional_text("get"),
        list=section.optional_text("list"),
        clock=section.optional_text("clock"),
        clock_path=_word(section, "clock_path"),
        status=section.optional_text("status"),
        firmware_path=_word(section, "firmware_path"),
        id_parameter=section.text("id_parameter"),
        items=_word(section, "items"),
        detail=_word(section, "detail"),
        page_parameter=_word(section, "page_parameter"),
        size_parameter=_word(section, "size_parameter"),
        sort_parameter=_word(section, "sort_parameter"),
        order_parameter=_word(section, "order_parameter"),
        options_parameter=_word(section, "options_parameter"),
        sort_by=_word(section, "sort_by"),
        page_size=section.number("page_size", API_PAGE_SIZE),
        total_pages=_word(section, "total_pages"),
        total_items=_word(section, "total_items"),
        port=section.number("port", API_PORT),
        path=section.text("path", API_PATH),
        version=section.text("version", API_VERSION),
        every_s=section.number("every_s", API_EVERY_S),
        trust=section.word("trust", Trust),
        source=section.text("source"),
    )
    section.close()
    if api.shape and api.shape not in shape_names:
        section.problem(f"must be one of {', '.join(shape_names)}", "shape")
    if not api.schedule:
        section.problem("must name at least one action", "schedule")
    if api.port > _HIGHEST_PORT:
        section.problem(f"must be at most {_HIGHEST_PORT}", "port")
    if not api.path.startswith("/"):
        section.problem("must begin with /", "path")
    if api.list is not None and not api.items:
        section.problem("is required beside list", "items")
    return api


def read_replies(section: Section) -> Replies:
    """The section `replies`."""
    replies = Replies(
        accepted=_reply(section, "accepted"),
        unchanged=_reply(section, "unchanged"),
        refused=_reply(section, "refused"),
        later=_reply(section, "later"),
    )
    section.close()
    return replies


def _word(section: Section, key: str) -> str:
    return section.optional_text(key) or ""


def _reply(replies: Section, name: str) -> Reply | None:
    if not replies.has(name):
        return None
    section = replies.section(name)
    status = section.number("status", 200)
    if not 200 <= status <= 599:
        section.problem("must be an HTTP status from 200 to 599", "status")
    body = section.section("body")
    reply = Reply(
        status=status,
        content_type=section.text("content_type", JSON),
        body=tuple((key, _reply_value(body, key)) for key in body.all_keys()),
    )
    section.close()
    return reply


def _reply_value(body: Section, key: str) -> Constant | Ref:
    value = body.scalar(key)
    if isinstance(value, dict):
        inner = body.section(key)
        word = inner.word("is", ReplyWord)
        inner.close()
        return Ref(word)
    if value is None or isinstance(value, (str, int, float)):
        return value
    body.problem("must be a constant, or {is: WORD} for a part of the answer", key)
    return None
