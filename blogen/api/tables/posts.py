"""`/posts`, `/search`, `/tags` and `/authors`: what everyone may read."""

from http import HTTPStatus

from blogen.api.route import Route
from blogen.domain.person import Scope

ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/posts", "posts.list_posts", "Posts, the newest first", asks="PostsQuery", gives="PostList",
        is_shared=True,
    ),
    Route("GET", "/posts/{slug}", "posts.show", "A post with its body", gives="PostView", is_shared=True),
    Route("GET", "/posts/{slug}/receipt", "posts.receipt", "How a post came to be", gives="ReceiptView"),
    Route(
        "PATCH", "/posts/{slug}", "changes.change", "Change what a post says", Scope.AUTHOR,
        takes="PostChange", gives="PostView", needs_body=True, matches=True,
    ),
    Route(
        "DELETE", "/posts/{slug}", "posts.delete", "Take a post off the blog", Scope.AUTHOR,
        status=HTTPStatus.NO_CONTENT,
    ),
    Route(
        "GET", "/search", "posts.search", "The best posts for a few words", asks="SearchQuery", gives="HitList",
        is_shared=True,
    ),
    Route(
        "GET", "/tags", "social.tags", "Tags, the most used first", asks="TagsQuery", gives="TagList", is_shared=True
    ),
    Route(
        "GET", "/authors", "authors.list_authors", "Authors by name", asks="AuthorsQuery", gives="AuthorList",
        is_shared=True,
    ),
    Route("GET", "/authors/{handle}", "authors.show", "An author", gives="AuthorView", is_shared=True),
)  # fmt: skip
