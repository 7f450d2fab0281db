"""What the API shows: the types that its answers and its OpenAPI document are both made from.

Heavy to import (many pydantic types), so handlers import it when they first need it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from blogen.domain.author import Author
from blogen.domain.job import Job, JobState, WaitingFor, progress
from blogen.domain.money import usd
from blogen.domain.post import Block, Post, PostDraft
from blogen.domain.post_summary import Picture, PostSummary
from blogen.store.jobs import TimelineEntry
from blogen.store.ledger import CapUse, CostLine, Estimate, Period
from blogen.store.search import Piece
from blogen.store.steps import StepRecord


def rfc3339(at_ms: int) -> str:
    """Unix milliseconds as `2026-08-02T12:00:00.000Z`."""
    seconds, milliseconds = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"


Moment = Annotated[
    int,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-08-02T12:00:00.000Z"]}),
]
Usd = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^\d+\.\d{6}$", "examples": ["0.001234"]})]


class View(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True)

    def told(self) -> dict[str, Any]:
        """As JSON's types."""
        return self.model_dump(mode="json", by_alias=True)


# Jobs


class WaitingView(View):
    for_: WaitingFor = Field(alias="for", description="What the job waits for, holding no worker")
    until: Moment | None = Field(description="null: until something happens, e.g. a person decides")


class TokensView(View):
    input: int
    output: int


class PostLinkView(View):
    slug: str
    url: str


class JobErrorView(View):
    code: str
    title: str
    detail: str
    remedy: str
    provider: str | None
    retryable: bool


class JobView(View):
    id: str
    kind: str
    state: JobState
    topic: str
    progress: float = Field(ge=0, le=1)
    waiting: WaitingView | None
    attempt: int = Field(description="Failures in this state")
    cost_usd: Usd = Field(description="What is known of it")
    unknown_calls: int = Field(description="Paid calls whose cost nobody knows")
    tokens: TokensView
    post: PostLinkView | None = Field(description="Once it is published")
    error: JobErrorView | None = Field(description="Why it failed")
    created_at: Moment
    updated_at: Moment
    finished_at: Moment | None


class JobList(View):
    items: list[JobView]
    next: str | None


class StepErrorView(View):
    code: str
    detail: str


class StepView(View):
    name: str
    stage: JobState = Field(description="The state whose work it is part of")
    run: int = Field(description="How often it has been begun")
    state: Literal["running", "waiting", "finished", "failed", "in_doubt", "discarded"]
    provider: str | None
    model: str | None
    tokens: TokensView
    cost_usd: Usd | None = Field(description="null: not known, or nothing was paid")
    duration_ms: int | None
    begun_at: Moment
    finished_at: Moment | None
    error: StepErrorView | None


class StepList(View):
    items: list[StepView]
    next: None = None


class TimelineView(View):
    id: int = Field(description="Increases; what `Last-Event-ID` names")
    at: Moment
    event: Literal[
        "submitted", "moved", "waiting", "woken", "approved", "rejected", "task_moved",
        "step_begun", "step_handle", "step_finished", "step_failed", "step_doubted", "step_discarded",
    ]  # fmt: skip
    origin: JobState = Field(description="The state in which it happened")
    target: JobState | None = Field(description="Where it moved to, for `moved`")
    step: str | None
    run: int | None
    detail: dict[str, Any]


class TimelineList(View):
    items: list[TimelineView]
    next: str | None


# Posts


class AuthorLinkView(View):
    handle: str
    name: str
    avatar: str | None


class PictureView(View):
    url: str
    width: int
    height: int
    alt: str
    placeholder: str
    srcset: str


class SourceView(View):
    title: str
    url: str | None
    quotes: list[str] = Field(description="What is cited from it; each occurs in the text that was read")


class ProvenanceView(View):
    disclosure: Literal["ai-assisted", "ai-autonomous", "none"]
    text: list[str]
    images: list[str]
    cost_usd: Usd = Field(description="What is known of it")
    unknown_calls: int = Field(description="Paid calls whose cost nobody knows")
    human_edits: int


class CountsView(View):
    likes: int
    comments: int


class ViewerView(View):
    liked: bool
    bookmarked: bool
    progress: float


class _AboutPost(View):
    language: str
    words: int
    reading_minutes: int
    author: AuthorLinkView
    tags: list[str]
    cover: PictureView | None
    images: list[PictureView]
    sources: list[SourceView]
    provenance: ProvenanceView
    counts: CountsView
    viewer: ViewerView | None = Field(description="What the asking person did with it; null without a person")
    published_at: Moment
    updated_at: Moment


class _PostHead(View):
    slug: str
    url: str = Field(description="The post's address; a path where the owner named no `server.base_url`")
    title: str
    summary: str


def _without_absent(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    return [block.model_dump(mode="json", exclude_none=True) for block in blocks]


# Fields keep the order of the classes: the last base's come first.
class PostItemView(_AboutPost, _PostHead):
    """A post as it stands in lists."""


# A lambda, since an annotated function would take the place of the blocks in the document.
_Blocks = Annotated[list[Block], PlainSerializer(lambda blocks: _without_absent(blocks))]  # noqa: PLW0108
_BLOCKS_WORDS = "The body as a list of blocks; skip those whose `t` you do not know"


class _PostBody(_PostHead):
    blocks: _Blocks = Field(description=_BLOCKS_WORDS)
    html: str = Field(description="The same body as sanitised HTML")
    markdown: str


class PostView(_AboutPost, _PostBody):
    """A post with its body."""


class DraftView(View):
    """A post before it is published."""

    revision: str = Field(description="Names this state of it, for `POST /jobs/{id}/revise`; its ETag, too")
    human_edits: int = Field(description="How often a reviewer sent it back")
    title: str
    summary: str
    language: str
    words: int
    author: str = Field(description="Handle of the author who will sign it")
    tags: list[str]
    cover: PictureView | None
    blocks: _Blocks = Field(description=_BLOCKS_WORDS)
    sources: list[SourceView]
    notices: list[str] = Field(description="What readers will be told about the making")


class PostList(View):
    items: list[PostItemView]
    next: str | None


class RunView(View):
    text: str
    b: Literal[True] | SkipJsonSchema[None] = Field(None, description="Matches the query")


class HighlightView(View):
    title: list[RunView]
    snippet: list[RunView]


class HitView(PostItemView):
    """A post that was found, with the places that match."""

    highlight: HighlightView


class HitList(View):
    items: list[HitView]
    next: None = None
    has_all_words: bool = Field(description="false: no post has all the words, these have some")


class ReceiptStepView(View):
    step: str
    provider: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: Usd | None = Field(description="null: not known, or nothing was paid")
    duration_ms: int
    prompt_digest: str | None = Field(description="SHA-256 of what the step was given")


class ApprovalView(View):
    at: Moment
    by: str = Field(description="The person's name, or `owner`")
    note: str


class ReceiptView(View):
    """How a post came to be."""

    slug: str
    job: str
    provenance: ProvenanceView
    notices: list[str]
    sources: list[SourceView]
    steps: list[ReceiptStepView]
    approvals: list[ApprovalView] = Field(description="Who approved it; empty where nobody was asked")
    cost_usd: Usd
    tokens: TokensView
    duration_ms: int = Field(description="Of all steps together")
    ordered_at: Moment
    published_at: Moment


# Money


class CostSumView(View):
    calls: int
    cost_usd: Usd = Field(description="Known costs; `unknown_calls` and `open_calls` are not in it")
    guessed_usd: Usd = Field(description="How much of the known costs is estimated")
    unknown_calls: int = Field(description="Paid calls of unknown price, and those that nobody knows the outcome of")
    open_calls: int = Field(description="Calls under way")
    held_usd: Usd = Field(description="The most that those may cost")
    tokens: TokensView


class _CostKey(View):
    key: str = Field(description="The day (UTC), the provider and its model, the author's handle, or the job's id")


class CostLineView(CostSumView, _CostKey):
    """A line of the account."""


class CapView(View):
    key: str = Field(description="The setting, e.g. `budget.day_usd`")
    period: Period = Field(description="What it is for; every job has a `job` cap for itself")
    cap_usd: Usd | None
    used_usd: Usd | None = Field(description="With what is held back for calls under way and counted for unknown ones")
    cap_calls: int | None
    used_calls: int | None
    until: Moment | None = Field(description="When the day or month ends")


class CostsView(View):
    items: list[CostLineView]
    next: None = None
    total: CostSumView = Field(description="Of the whole span, also of lines beyond `limit`")
    caps: list[CapView] = Field(description="The caps of `[budget]` that are set; their use is that of now")


class EstimateView(View):
    """What the next post will probably cost, by what this blog's latest posts cost."""

    posts: int = Field(description="How many posts it rests on; 0: there is nothing to go by yet")
    typical_usd: Usd | None = Field(description="The median; null: not known")
    low_usd: Usd | None = Field(description="A quarter of the posts cost less")
    high_usd: Usd | None = Field(description="A quarter of the posts cost more")
    has_unknown: bool = Field(description="Calls of unknown price are in it: it will be more")


# The rest


class FollowingView(View):
    following: bool


class TagView(View):
    tag: str
    posts: int
    followers: int
    viewer: FollowingView | None = Field(description="null without a person")


class TagList(View):
    items: list[TagView]
    next: str | None


class AuthorView(View):
    handle: str
    name: str
    bio: str
    avatar: str | None
    url: str
    followers: int
    viewer: FollowingView | None = Field(description="null without a person")


class AuthorList(View):
    items: list[AuthorView]
    next: str | None


class SiteView(View):
    name: Literal["blogen"]
    api: int = Field(description="Version of this API")
    version: str = Field(description="Version of the program")
    title: str
    tagline: str
    description: str
    language: str
    url: str | None = Field(description="The address readers use, if the owner named one")
    features: list[str] = Field(description="What this server can do")
    sign_up: Literal["open", "invite", "closed"]


class FieldErrorView(View):
    path: str = Field(description="Where, e.g. `sources.0.text`, or the name of a header or parameter")
    message: str


class Problem(View):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:blogen:problem:invalid-input"])
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable; what a program decides by")
    remedy: str | SkipJsonSchema[None] = Field(None, description="What to do about it")
    errors: list[FieldErrorView] | SkipJsonSchema[None] = Field(None, description="Each mistake of the input")


def job_view(job: Job, post: str | None = None, base_url: str = "") -> dict[str, Any]:
    """A job as JSON; `post` is the slug of the post that it made."""
    return JobView(
        id=job.id,
        kind=job.kind,
        state=job.state,
        topic=job.topic,
        progress=progress(job),
        waiting=WaitingView.model_validate({"for": job.waiting.for_, "until": job.waiting.until})
        if job.waiting
        else None,
        attempt=job.attempt,
        cost_usd=usd(job.cost_usd_micros),
        unknown_calls=job.unknown_calls,
        tokens=TokensView(input=job.tokens.input, output=job.tokens.output),
        post=PostLinkView(slug=post, url=f"{base_url}{post_path(post)}") if post else None,
        error=JobErrorView(**job.error.model_dump()) if job.error else None,
        created_at=job.created_at,
        updated_at=job.updated_at,
        finished_at=job.finished_at,
    ).told()


def step_view(step: StepRecord) -> dict[str, Any]:
    """A step of a job as JSON."""
    used = step.detail
    failed = step.state == "failed"
    return StepView(
        name=step.name,
        stage=JobState(step.origin),
        run=step.run,
        state=step.state,
        provider=used.get("provider") or None,
        model=used.get("model") or None,
        tokens=TokensView(input=used.get("input_tokens", 0), output=used.get("output_tokens", 0)),
        cost_usd=usd(used["usd_micros"]) if used.get("usd_micros") is not None else None,
        duration_ms=used.get("duration_ms"),
        begun_at=step.begun_at,
        finished_at=step.finished_at,
        error=StepErrorView(code=used.get("code", ""), detail=used.get("detail", "")) if failed else None,
    ).told()


def timeline_view(entry: TimelineEntry) -> dict[str, Any]:
    """A line of a job's timeline as JSON."""
    detail = dict(entry.detail)
    if (micros := detail.pop("usd_micros", None)) is not None:
        detail["cost_usd"] = usd(micros)
    if isinstance(detail.get("until"), int):
        detail["until"] = rfc3339(detail["until"])
    return {
        "id": entry.id,
        "at": rfc3339(entry.at),
        "event": entry.event,
        "origin": entry.origin,
        "target": entry.target,
        "step": entry.step,
        "run": entry.run,
        "detail": detail,
    }


def draft_view(draft: PostDraft, *, revision: str, edits: int) -> dict[str, Any]:
    """A post before it is published, as JSON."""
    return DraftView(
        revision=revision,
        human_edits=edits,
        title=draft.title,
        summary=draft.summary,
        language=draft.language,
        words=draft.words,
        author=draft.author,
        tags=draft.tags,
        cover=_picture(draft.cover) if draft.cover else None,
        blocks=draft.blocks,
        sources=[SourceView(**source.model_dump()) for source in draft.sources],
        notices=draft.notices,
    ).told()


def post_view(post: Post, base_url: str = "") -> dict[str, Any]:
    """A post with its body as JSON."""
    return PostView(**_head(post, base_url), blocks=post.blocks, html=post.html, markdown=post.markdown).told()


def post_item_view(post: PostSummary, base_url: str = "") -> dict[str, Any]:
    """A post as it stands in lists, as JSON."""
    return PostItemView(**_head(post, base_url)).told()


def highlight_view(title: Sequence[Piece], snippet: Sequence[Piece]) -> dict[str, Any]:
    """The places of a found post that match, as JSON."""
    return {"title": _runs(title), "snippet": _runs(snippet)}


def receipt_view(
    post: Post, job: Job, steps: Sequence[StepRecord], timeline: Sequence[TimelineEntry], names: Mapping[str, str]
) -> dict[str, Any]:
    """How `post` came to be, as JSON for everyone; `names` are people's names by id."""
    done = [step for step in steps if step.state == "finished"]
    return ReceiptView(
        slug=post.slug,
        job=job.id,
        provenance=ProvenanceView(**post.provenance.model_dump()),
        notices=post.notices,
        sources=[SourceView(**source.model_dump()) for source in post.sources],
        steps=[_receipt_step(step) for step in done],
        approvals=[
            ApprovalView(
                at=entry.at, by=names.get(entry.detail.get("by", ""), "owner"), note=entry.detail.get("note", "")
            )
            for entry in timeline
            if entry.event == "approved"
        ],
        cost_usd=usd(job.cost_usd_micros),
        tokens=TokensView(input=job.tokens.input, output=job.tokens.output),
        duration_ms=sum(step.detail.get("duration_ms", 0) for step in done),
        ordered_at=job.created_at,
        published_at=post.published_at,
    ).told()


def costs_view(lines: Sequence[CostLine], total: CostLine, caps: Sequence[CapUse]) -> dict[str, Any]:
    """The account as JSON."""
    return CostsView(
        items=[CostLineView(key=line.key, **_cost_sum(line)) for line in lines],
        total=CostSumView(**_cost_sum(total)),
        caps=[_cap(use) for use in caps],
    ).told()


def estimate_view(found: Estimate) -> dict[str, Any]:
    """An estimate as JSON: what is not known is null, not zero."""
    is_known = found.posts > 0 and not (found.has_unknown and found.high_usd_micros == 0)
    typical, low, high = (
        usd(micros) if is_known else None
        for micros in (found.typical_usd_micros, found.low_usd_micros, found.high_usd_micros)
    )
    return EstimateView(
        posts=found.posts, typical_usd=typical, low_usd=low, high_usd=high, has_unknown=found.has_unknown
    ).told()


def tag_view(tag: str, posts: int, followers: int, *, is_followed: bool | None) -> dict[str, Any]:
    """A tag as JSON; `is_followed` by whom asks, None: nobody in particular."""
    return TagView(tag=tag, posts=posts, followers=followers, viewer=_following(is_followed)).told()


def author_view(author: Author, base_url: str = "", *, is_followed: bool | None = None) -> dict[str, Any]:
    """An author as JSON; how the author is told to write is the owner's business."""
    return AuthorView(
        handle=author.handle,
        name=author.name,
        bio=author.bio,
        avatar=author.avatar,
        url=f"{base_url}/authors/{author.handle}",
        followers=author.followers,
        viewer=_following(is_followed),
    ).told()


def _following(is_followed: bool | None) -> FollowingView | None:
    return None if is_followed is None else FollowingView(following=is_followed)


def post_path(slug: str) -> str:
    from urllib.parse import quote

    return f"/p/{quote(slug, safe='')}"


def _head(post: PostSummary, base_url: str) -> dict[str, Any]:
    return {
        "slug": post.slug,
        "url": f"{base_url}{post.url}",
        "title": post.title,
        "summary": post.summary,
        "language": post.language,
        "words": post.words,
        "reading_minutes": post.reading_minutes,
        "author": AuthorLinkView(**post.author.model_dump()),
        "tags": post.tags,
        "cover": _picture(post.cover) if post.cover else None,
        "images": [_picture(picture) for picture in post.images],
        "sources": [SourceView(**source.model_dump()) for source in post.sources],
        "provenance": ProvenanceView(**post.provenance.model_dump()),
        "counts": CountsView(**post.counts.model_dump()),
        "viewer": None,
        "published_at": post.published_at,
        "updated_at": post.updated_at,
    }


def _cost_sum(line: CostLine) -> dict[str, Any]:
    return {
        "calls": line.calls,
        "cost_usd": usd(line.usd_micros),
        "guessed_usd": usd(line.guessed_usd_micros),
        "unknown_calls": line.unknown_calls,
        "open_calls": line.open_calls,
        "held_usd": usd(line.held_usd_micros),
        "tokens": TokensView(input=line.input_tokens, output=line.output_tokens),
    }


def _cap(use: CapUse) -> CapView:
    of_usd, of_calls = use.cap.usd_micros, use.cap.calls
    return CapView(
        key=use.cap.key,
        period=use.cap.period,
        cap_usd=None if of_usd is None else usd(of_usd),
        used_usd=None if of_usd is None or use.usd_micros is None else usd(use.usd_micros),
        cap_calls=of_calls,
        used_calls=None if of_calls is None else use.calls,
        until=use.until_ms,
    )


def _picture(picture: Picture) -> PictureView:
    return PictureView(**picture.model_dump(include=set(PictureView.model_fields)))


def _runs(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    return [{"text": piece.text, "b": True} if piece.is_match else {"text": piece.text} for piece in pieces]


def _receipt_step(step: StepRecord) -> ReceiptStepView:
    used = step.detail
    return ReceiptStepView(
        step=step.name,
        provider=used.get("provider") or None,
        model=used.get("model") or None,
        input_tokens=used.get("input_tokens", 0),
        output_tokens=used.get("output_tokens", 0),
        cost_usd=usd(used["usd_micros"]) if used.get("usd_micros") is not None else None,
        duration_ms=used.get("duration_ms", 0),
        prompt_digest=step.digest,
    )
