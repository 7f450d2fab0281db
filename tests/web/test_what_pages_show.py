"""Whatever people do, every kept page is the page that would be rendered now; and who does not show it, stays kept."""

import random

from blogen.domain.accounts import ProfileChange
from blogen.domain.author_requests import AuthorChange
from blogen.domain.changes import PostChange
from blogen.domain.person import Scope
from blogen.render.comments import comment_text
from blogen.web import keys

TAGS = ("tea", "coffee", "water")
AUTHORS = ("ada", "bob")
ACTS = 36


class Acts:
    """What can be done to a blog; each says by what words a page is known that shows what it was done to."""

    def __init__(self, site, person, chance: random.Random) -> None:
        self.app, self.blog, self.person, self.chance = site.app, site.blog, person, chance
        self.number, self.name = 0, person.name
        self.slugs: list[str] = []
        self.signed: dict[str, list[str]] = {handle: [] for handle in AUTHORS}

    def some(self) -> str:
        return self.chance.choice(self.slugs)

    def word(self) -> str:
        self.number += 1
        return f"Word {self.number}"

    def tags(self) -> list[str]:
        return self.chance.sample(TAGS, self.chance.randint(0, 2))

    async def publish(self) -> None:
        at = 1_760_000_000_000 + self.chance.randint(0, 1000)  # also between others
        author = self.chance.choice(AUTHORS)
        slug = await self.blog.publish(self.word(), at=at, tags=self.tags(), author=author)
        self.slugs.append(slug)
        self.signed[author].append(slug)

    async def retitle(self) -> list[str]:
        await self.blog.posts.change(slug := self.some(), PostChange(title=self.word()))
        return [f"/p/{slug}"]

    async def retag(self) -> None:
        await self.blog.posts.change(self.some(), PostChange(tags=self.tags()))

    async def delete(self) -> None:
        if len(self.slugs) > 4:
            self.slugs.remove(slug := self.some())
            await self.blog.posts.delete(slug)

    async def like(self) -> list[str]:
        await self.app[keys.SOCIAL].like(self.person.id, slug := self.some())
        return [f" /p/{slug}"]

    async def unlike(self) -> list[str]:
        await self.app[keys.SOCIAL].unlike(self.person.id, slug := self.some())
        return [f" /p/{slug}"]

    async def comment(self) -> list[str]:
        await self.app[keys.COMMENTS].add(slug := self.some(), self.person.id, comment_text(self.word(), max_chars=100))
        return [f" /p/{slug}"]

    async def correct(self) -> list[str]:
        await self.app[keys.CORRECTIONS].publish(slug := self.some(), self.word())
        return [f" /p/{slug}"]

    async def rename_author(self) -> list[str]:
        await self.blog.authors.change(handle := self.chance.choice(AUTHORS), AuthorChange(name=self.word()))
        return [f"/authors/{handle}", *(f"/p/{slug}" for slug in self.signed[handle])]

    async def rename_person(self) -> list[str]:
        was, self.name = self.name, self.word()
        await self.app[keys.PEOPLE].change_profile(self.person.id, ProfileChange(name=self.name))
        return [was]

    async def feature(self) -> None:
        await self.app[keys.FEATURED].feature(self.some())

    async def place(self) -> None:
        await self.app[keys.SERIES].place(self.some(), self.chance.choice(["", "Drinks", "Leaves"]))


async def test_every_kept_page_is_what_it_would_be_now_and_the_others_stay(site):
    person = await site.app[keys.PEOPLE].create_person("ann", "Ann", Scope.ADMIN, "a long password")
    acts, pages = Acts(site, person, random.Random(1)), site.app[keys.PAGES]
    pages.renew_by(_nobody)  # what is renewed at once would hide what is not dropped
    every = [acts.publish, acts.retitle, acts.retag, acts.comment, acts.like, acts.rename_author, acts.correct,
             acts.feature, acts.place, acts.rename_person, acts.unlike, acts.delete]  # fmt: skip
    for _ in range(6):
        await acts.publish()
    for turn in range(ACTS):
        before = await all_kept(site, acts.slugs)
        act = every[turn % len(every)]
        shows = await act()
        after = {path: page for path, page in before.items() if pages.at(path) is page}
        if shows is not None:
            dropped = before.keys() - after.keys() - {"/sitemap.xml"}  # it tells when each post changed
            texts = {path: f" {path} {page.plain.body.decode()}" for path, page in before.items()}
            concerned = {path for path, text in texts.items() if any(word in text for word in shows)}
            assert dropped <= concerned, act.__name__
        if turn % 4 == 3:
            for path, page in after.items():
                pages._drop(page.key)
                assert (await site.get(path)).body == page.plain.body, (
                    f"{path} is as it was before one of the last acts"
                )


async def _nobody(_: str) -> None: ...


async def all_kept(site, slugs) -> dict:
    paths = ["/", "/archive", "/feed.xml", "/sitemap.xml", *(f"/tags/{tag}" for tag in TAGS), "/tags/tea/atom.xml",
             *(f"/authors/{handle}" for handle in AUTHORS), "/authors/ada/feed.json", "/series/drinks",
             *(f"/p/{slug}" for slug in slugs[-6:])]  # fmt: skip
    answers = {path: await site.get(path) for path in paths}
    assert answers["/"].status == 200
    pages = site.app[keys.PAGES]
    return {path: pages.at(path) for path, answer in answers.items() if answer.status == 200}


async def test_the_post_that_was_the_newest_leads_on_to_the_new_one_and_the_others_are_left_alone(site):
    for number in range(6):
        await site.blog.publish(f"Post {number}", at=1000 + number, tags=["tea"])
    pages = site.app[keys.PAGES]
    pages.renew_by(_nobody)
    kept = {slug: await _kept(site, slug) for slug in ("post-0", "post-4", "post-5")}
    await site.blog.publish("Last", at=2000, tags=["coffee"])
    assert {slug for slug, page in kept.items() if pages.at(f"/p/{slug}") is not page} == {"post-5"}
    assert 'href="/p/last"' in (await site.get("/p/post-5")).text
    await site.blog.publish("Between", at=1004, tags=["water"], slug="between")
    assert "/p/between" in (await site.get("/p/post-5")).text
    assert "/p/between" in (await site.get("/p/post-4")).text
    assert pages.at("/p/post-0") is kept["post-0"]


async def _kept(site, slug: str):
    await site.get(f"/p/{slug}")
    return site.app[keys.PAGES].at(f"/p/{slug}")
