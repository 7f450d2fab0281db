"""People who talk below posts, for tests of the stores: made without passwords, which take long to hash."""

from blogen.config.comments import CommentsConfig
from blogen.domain.talk import MAX_COMMENT_CHARS, CommentText
from blogen.ids import new_id
from blogen.render.comments import comment_text
from blogen.store.aversions import Aversions
from blogen.store.comments import Comment, Comments, SeenComment
from blogen.store.corrections import Corrections
from blogen.store.database import Transaction
from blogen.store.moderation import Moderation
from blogen.store.notifications import Notifications
from tests.blog import Blog

OPEN = CommentsConfig(hold_first=False)
HOLDING = CommentsConfig(hold_first=True)


def text(markdown: str) -> CommentText:
    return comment_text(markdown, max_chars=MAX_COMMENT_CHARS)


class Talk:
    """The stores of a conversation, and its people by handle."""

    def __init__(self, blog: Blog, rules: CommentsConfig = OPEN) -> None:
        self.blog = blog
        self.comments = Comments(blog.database, rules)
        self.notifications = Notifications(blog.database)
        self.moderation = Moderation(blog.database)
        self.aversions = Aversions(blog.database)
        self.corrections = Corrections(blog.database)
        self.ids: dict[str, str] = {}

    async def join(self, *handles: str, role: str = "reader", is_trusted: bool = False) -> None:
        def work(tx: Transaction) -> None:
            for handle in handles:
                tx.execute(
                    "INSERT INTO people (id, handle, name, role, password, created_at, is_trusted)"
                    " VALUES (?, ?, ?, ?, 'x', 1, ?)",
                    (self.ids.setdefault(handle, new_id()), handle, handle.capitalize(), role, int(is_trusted)),
                )

        await self.blog.database.write(work)

    async def says(self, handle: str, markdown: str, parent: Comment | None = None, *, slug: str = "tea") -> Comment:
        parent_id = parent.id if parent else None
        return await self.comments.add(slug, self.ids[handle], text(markdown), parent_id=parent_id)

    async def sees(self, handle: str | None = None, *, slug: str = "tea", limit: int = 100) -> list[SeenComment]:
        viewer = self.ids[handle] if handle else None
        return (await self.comments.of_post(slug, limit, viewer_id=viewer))[0]

    async def told(self, handle: str) -> list[tuple[str, str | None]]:
        """What a person is told, the newest first: kind, and who did it."""
        found, _ = await self.notifications.of(self.ids[handle], 100)
        return [(one.kind, one.by.handle if one.by else None) for one in found]

    async def count(self, slug: str = "tea") -> int:
        rows = await self.blog.database.read("SELECT comments FROM posts WHERE slug = ?", (slug,))
        return int(rows[0]["comments"])

    async def truth(self, slug: str = "tea") -> int:
        """The shown comments, counted."""
        rows = await self.blog.database.read(
            "SELECT count(*) AS n FROM comments c JOIN posts p ON p.id = c.post_id"
            " WHERE p.slug = ? AND c.state = 'shown'",
            (slug,),
        )
        return int(rows[0]["n"])


def faces(seen: list[SeenComment]) -> list[tuple[str, str, list[str]]]:
    """State and text of each comment, with the texts of its answers."""
    return [
        (one.state, one.comment.markdown if one.is_whole else "", [answer.comment.markdown for answer in one.answers])
        for one in seen
    ]
