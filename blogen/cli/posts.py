"""`blogen posts …`: look at published posts, and take one off the blog."""

import argparse

from blogen.cli.arguments import Commands, count
from blogen.cli.exits import DONE
from blogen.cli.running import run

_PAGE = 200
_ALL = 1_000_000_000


def add(commands: Commands) -> None:
    posts = commands.group("posts", "list and delete published posts")
    listing = posts.add("list", "list the posts, the newest first")
    listing.add_argument("--tag", help="only posts with this tag")
    listing.add_argument("--author", metavar="HANDLE", help="only posts of this author")
    listing.add_argument("--limit", type=count, default=_ALL, metavar="N", help="how many (default: all)")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=lambda arguments: run(_list(arguments)))
    delete = posts.add("delete", "take a post off the blog")
    delete.add_argument("slug", metavar="SLUG", help="the end of its address: /p/SLUG")
    delete.set_defaults(run=lambda arguments: run(_delete(arguments)))


async def _list(arguments: argparse.Namespace) -> int:
    from blogen.api.views import post_item_view
    from blogen.cli.plain import moment, print_json, print_table
    from blogen.cli.settings import read_config
    from blogen.cli.store import open_database
    from blogen.domain.post_summary import PostSummary
    from blogen.store.posts import PostCursor, Posts

    wanted: int = arguments.limit
    found: list[PostSummary] = []
    before: PostCursor | None = None
    async with open_database(read_config(arguments)) as database:
        posts = Posts(database)
        while len(found) < wanted:
            some = await posts.newest(
                min(_PAGE, wanted - len(found)), before, tag=arguments.tag, author=arguments.author
            )
            found += some.items
            before = some.next
            if before is None:
                break
    if arguments.json:
        print_json({"items": [post_item_view(post) for post in found], "next": None})
        return DONE
    print_table(
        ["slug", "published", "author", "title"],
        [[post.slug, moment(post.published_at), post.author.handle, post.title] for post in found],
    )
    return DONE


async def _delete(arguments: argparse.Namespace) -> int:
    from blogen.cli.door import open_door
    from blogen.cli.settings import read_config

    slug = arguments.slug.strip("/").removeprefix("p/")
    async with open_door(read_config(arguments), works=False) as door:
        await door.delete_post(slug)
    print(f"The post {slug} is deleted.")
    return DONE
