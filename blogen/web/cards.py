"""Cards: how a post stands in lists, rendered once per post and joined by the lists that show it.

How a card looks is the macro `card` of `parts.html`. It sees the post and what it is called with, nothing else, so the
same post with the same words is the same card, whoever looks and whatever page it is on.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from blogen.domain.post_summary import PostSummary

_CARDS = 1000


class Cards:
    """The templates' `card_of(post, …)`: what `card(post, …)` makes, from memory where it was made before.

    A card is kept with the post that it was made from: a post that differs in anything gets another one.
    """

    def __init__(self, environment: "Environment") -> None:
        self._environment = environment
        self._kept: OrderedDict[tuple[Any, ...], tuple[PostSummary, Markup]] = OrderedDict()

    def __call__(self, post: "PostSummary", **how: Any) -> "Markup":
        key = (post.slug, *how.items())
        kept = self._kept.get(key)
        if kept is not None and (kept[0] is post or kept[0] == post):
            self._kept.move_to_end(key)
            return kept[1]
        macro: Any = self._environment.get_template("parts.html").module
        card: Markup = macro.card(post, **how)
        self._kept[key] = (post, card)
        self._kept.move_to_end(key)
        if len(self._kept) > _CARDS:
            self._kept.popitem(last=False)
        return card
