"""What the application gives to the API. Handlers read it with `request.config_dict[KEY]`."""

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from blogen.api.live import LiveTimelines
    from blogen.api.post_json import JoinedList, PostJson
    from blogen.api.shared_answers import UntilChanged
    from blogen.api.streams import PersonStreams
    from blogen.attempts import Attempts
    from blogen.clock import Clock
    from blogen.config import Config
    from blogen.domain.pace import Pace
    from blogen.domain.person import Actor
    from blogen.engine.engine import Engine
    from blogen.events import Bus
    from blogen.site import Site
    from blogen.store.authors import Authors
    from blogen.store.aversions import Aversions
    from blogen.store.comments import Comments
    from blogen.store.corrections import Corrections
    from blogen.store.deliveries import Deliveries
    from blogen.store.devices import Devices
    from blogen.store.feeds import Feeds
    from blogen.store.jobs import Jobs
    from blogen.store.kept_answers import KeptAnswers
    from blogen.store.ledger import Ledger
    from blogen.store.media import Media
    from blogen.store.moderation import Moderation
    from blogen.store.news import News
    from blogen.store.notifications import Notifications
    from blogen.store.own_keys import OwnKeys
    from blogen.store.people import People
    from blogen.store.posts import Posts
    from blogen.store.search import Search
    from blogen.store.social import Social
    from blogen.store.steps import Steps
    from blogen.store.subscriptions import Subscriptions
    from blogen.store.tickets import Tickets

CONFIG: "web.AppKey[Config]" = web.AppKey("config")
SITE: "web.AppKey[Site]" = web.AppKey("site")
BUS: "web.AppKey[Bus]" = web.AppKey("bus")
CLOCK: "web.AppKey[Clock]" = web.AppKey("clock")
ENGINE: "web.AppKey[asyncio.Future[Engine]]" = web.AppKey("engine")
"""Comes a moment after the server listens."""
JOBS: "web.AppKey[Jobs]" = web.AppKey("jobs")
STEPS: "web.AppKey[Steps]" = web.AppKey("steps")
LEDGER: "web.AppKey[Ledger]" = web.AppKey("ledger")
POSTS: "web.AppKey[Posts]" = web.AppKey("posts")
SEARCH: "web.AppKey[Search]" = web.AppKey("search")
SOCIAL: "web.AppKey[Social]" = web.AppKey("social")
FEEDS: "web.AppKey[Feeds]" = web.AppKey("feeds")
AUTHORS: "web.AppKey[Authors]" = web.AppKey("authors")
PEOPLE: "web.AppKey[People]" = web.AppKey("people")
DEVICES: "web.AppKey[Devices]" = web.AppKey("devices")
TICKETS: "web.AppKey[Tickets]" = web.AppKey("tickets")
ATTEMPTS: "web.AppKey[Attempts]" = web.AppKey("attempts")
MEDIA: "web.AppKey[Media]" = web.AppKey("media")
COMMENTS: "web.AppKey[Comments]" = web.AppKey("comments")
NOTIFICATIONS: "web.AppKey[Notifications]" = web.AppKey("notifications")
MODERATION: "web.AppKey[Moderation]" = web.AppKey("moderation")
AVERSIONS: "web.AppKey[Aversions]" = web.AppKey("aversions")
CORRECTIONS: "web.AppKey[Corrections]" = web.AppKey("corrections")
JUDGE: "web.AppKey[Callable[[str], Awaitable[str]]]" = web.AppKey("judge")
"""Why a comment should wait, as the moderation model sees it; may be absent."""
PACE: "web.AppKey[Pace]" = web.AppKey("pace")
KEPT_ANSWERS: "web.AppKey[KeptAnswers]" = web.AppKey("kept_answers")
OWN_KEYS: "web.AppKey[OwnKeys]" = web.AppKey("own_keys")
SUBSCRIPTIONS: "web.AppKey[Subscriptions]" = web.AppKey("subscriptions")
DELIVERIES: "web.AppKey[Deliveries]" = web.AppKey("deliveries")
NEWS: "web.AppKey[News]" = web.AppKey("news")

LIVE: "web.AppKey[LiveTimelines]" = web.AppKey("live")
"""The API's own; `add_api` sets it."""
STREAMS: "web.AppKey[PersonStreams]" = web.AppKey("streams")
"""The API's own, too."""
POST_JSON: "web.AppKey[PostJson]" = web.AppKey("post_json")
LISTS: "web.AppKey[UntilChanged[JoinedList]]" = web.AppKey("lists")
"""Lists of posts that were joined, by what was asked for. These are the API's own, too."""

ACTOR: "web.RequestKey[Actor | None]" = web.RequestKey("actor")
"""Who asks, once `auth.admit` has looked."""
