"""A post's text on its way to a person who edits it, and back.

Footnotes are passages that were checked against their sources: a person may take their marks out or move them, and
cannot change what they say.
"""

from collections.abc import Mapping, Sequence

from blogen.domain.changes import Rewritten
from blogen.domain.post import Block, Image, Note, Post
from blogen.domain.post_summary import Picture, PostSource
from blogen.errors import FieldError, InvalidInput
from blogen.render.block_ids import carry_ids
from blogen.render.html import to_html, to_markdown
from blogen.render.markdown import notes_of, to_blocks
from blogen.render.text import plain_text, word_count

MOST_IMAGES = 30
"""Pictures that a post holds; beyond that, those go that it does not show."""


def editable(blocks: Sequence[Block]) -> str:
    """The Markdown that a person edits: the text with its footnotes' marks."""
    return to_markdown(block for block in blocks if not isinstance(block, Note))


def read_edited(
    markdown: str, *, base: Sequence[Block], pictures: Mapping[str, Picture], own_base_url: str = ""
) -> list[Block]:
    """The blocks of a text that was edited from `base`, whose footnotes' marks it uses.

    `pictures` are those of the post by key. A text that was not touched is as it was, to the letter; in another one the
    blocks have no ids yet that would last. Raises InvalidInput if nothing of it can be seen.
    """
    if markdown.strip() in {editable(base).strip(), to_markdown(base).strip()}:
        return list(base)
    blocks = to_blocks(markdown, notes_of(base), pictures=pictures, own_base_url=own_base_url)
    if not plain_text(blocks).strip() and not any(isinstance(block, Image) for block in blocks):
        message = "says nothing that can be seen"
        raise InvalidInput(f"The text {message}.", remedy="Write something.", errors=[FieldError("markdown", message)])
    return blocks


def rewritten(
    post: Post, blocks: Sequence[Block], *, cover: Picture | None, images: Sequence[Picture],
    sources: Sequence[PostSource] | None = None, restores: int | None = None,
) -> Rewritten:  # fmt: skip
    """`post` with another text and other pictures, as it is stored. `sources`: None: what the text still cites."""
    kept = carry_ids(post.blocks, blocks)
    return Rewritten(
        blocks=kept,
        html=to_html(kept, language=post.language),
        markdown=to_markdown(kept),
        words=word_count(plain_text(kept), post.language),
        sources=list(sources) if sources is not None else _still_cited(post, kept),
        cover=cover,
        images=_held(images, cover, kept),
        restores=restores,
    )


def _still_cited(post: Post, blocks: Sequence[Block]) -> list[PostSource]:
    """The sources without the quotations that only footnotes bore which are gone."""
    borne, borne_before = _borne(blocks), _borne(post.blocks)
    return [
        source.model_copy(update={"quotes": [one for one in source.quotes if one in borne or one not in borne_before]})
        for source in post.sources
    ]


def _borne(blocks: Sequence[Block]) -> str:
    return plain_text((block for block in blocks if isinstance(block, Note)), with_notes=True)


def _held(images: Sequence[Picture], cover: Picture | None, blocks: Sequence[Block]) -> list[Picture]:
    """The cover first, each picture once, and not too many that are not shown."""
    unique = {picture.url: picture for picture in [*([cover] if cover else []), *images]}
    found = list(unique.values())
    if len(found) <= MOST_IMAGES:
        return found
    shown = {block.url for block in blocks if isinstance(block, Image)} | ({cover.url} if cover else set())
    spare = [picture for picture in found if picture.url not in shown][: max(0, MOST_IMAGES - len(shown))]
    return [picture for picture in found if picture.url in shown or picture in spare]
