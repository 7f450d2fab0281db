"""A blog worth looking at: every kind of block, several scripts, with and without covers."""

# ruff: noqa: E501

import base64
import colorsys
import hashlib
import io
import math
import random
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from blogen.domain.job import Job, JobState
from blogen.domain.post_summary import Picture, PostSource, Provenance
from blogen.render.markdown import NoteSource
from blogen.store.steps import NOTHING_USED, Used
from tests.blog import Blog

Draw = Callable[[Blog, str, str], Awaitable[Picture]]
DAY_MS = 86_400_000
NOW_MS = 1_785_900_000_000

ASSISTED = Provenance(
    disclosure="ai-assisted", text=["main/gpt-5-mini"], images=["covers"], cost_usd="0.004210", human_edits=2
)
AUTONOMOUS = Provenance(disclosure="ai-autonomous", text=["main/gpt-5-mini"], images=["covers"], cost_usd="0.003100")
EXTRACTIVE = Provenance(disclosure="ai-autonomous", text=["extractive"], images=["covers"], cost_usd="0.000000")

POSTS = [
    ("Why group commit makes SQLite fast", "The disk is not slow. Waiting for it once per change is. What happens when five hundred changes share one wait, and why nobody has to tune a timer for it.", ["databases", "sqlite"], "en", AUTONOMOUS, True),
    ("A kettle, a thermometer and the chemistry of tea", "Green tea at 70 °C is not a ritual: it is a race between the catechins that taste bitter and the amino acids that do not.", ["food", "chemistry"], "en", ASSISTED, True),
    ("The quiet return of the sailing cargo ship", "Rotors, kites and rigid wings are back on working vessels, and the numbers are better than the romance.", ["energy", "sea"], "en", AUTONOMOUS, True),
    ("Was ein Moor im Winter atmet", "Auch unter Schnee tauscht ein Moor Gase mit der Luft. Messungen über drei Winter zeigen, wie viel davon im Frühjahr wieder fehlt.", ["climate"], "de", ASSISTED, True),
    ("What a city learns from counting its trees", "An inventory sounds like paperwork until you see which streets are eight degrees cooler.", ["cities", "climate"], "en", AUTONOMOUS, False),
    ("群提交为什么能让数据库更快", "磁盘并不慢，慢的是每一次修改都要等它。", ["databases"], "zh", AUTONOMOUS, True),
    ("How lighthouses got their rhythms", "Every light has a signature. Someone had to make sure that no two neighbours blink alike.", ["sea", "history"], "en", AUTONOMOUS, True),
    ("لماذا تهمنا الخرائط القديمة", "خريطة قديمة لا تُظهر المكان فقط، بل تُظهر أيضًا ما كان الناس يخشونه.", ["history"], "ar", ASSISTED, True),
    ("Bread without a recipe", "Flour, water, salt, and a ratio worth remembering.", ["food"], "en", EXTRACTIVE, False),
    ("The mathematics of a good queue", "Why one line for five counters beats five lines, and when it does not.", ["mathematics"], "en", AUTONOMOUS, True),
    ("Moss: the smallest forest", "A square metre of moss holds more water than a sponge of the same size.", ["climate"], "en", AUTONOMOUS, True),
    ("Reading a coastline from orbit", "Radar sees through clouds, at night, and to the centimetre.", ["sea", "space"], "en", AUTONOMOUS, True),
    ("The typewriter that wanted to be a piano", "Keys, hammers and a lost war over layouts.", ["history"], "en", AUTONOMOUS, True),
    ("Small batteries, large grids", "Ten thousand garages can be a power station if they agree on the time.", ["energy"], "en", ASSISTED, True),
    ("How a hedgehog counts as infrastructure", "Gaps in fences, thirteen centimetres wide.", ["cities"], "en", AUTONOMOUS, True),
    ("Glass that heals", "Some polymers close their own cracks. So did Roman concrete.", ["chemistry"], "en", AUTONOMOUS, True),
]  # fmt: skip

QUOTES = [
    "A plain loop managed 2,680 durable transitions per second.",
    "With 500 transitions in one transaction, the same loop on the same machine reached 74,500 per second.",
]
SOURCES = [
    PostSource(title="Blogen's own notes: why a commit is expensive", url="https://example.org/notes", quotes=QUOTES),
    PostSource(title="Write-ahead logging", url="https://example.org/wal", quotes=["Readers do not block writers."]),
    PostSource(title="A text that was given with the order", url=None, quotes=[]),
]

NOTES = [
    NoteSource("s1.1", QUOTES[0], "Blogen's own notes", "https://example.org/notes"),
    NoteSource("s2.1", "Readers do not block writers.", "Write-ahead logging", "https://example.org/wal"),
]

LONG = """
A database that promises durability must wait for the disk. At the end of each transaction SQLite asks the operating
system to write its log through to the drive, and the drive needs a moment to confirm.[^s1.1] On the machine where this
was measured, that moment was about 0.4 milliseconds. It sounds like nothing, yet it puts a **hard ceiling** on any
program that commits its changes *one by one*.

## Why a commit is expensive

The change itself costs almost nothing. SQLite is not slow; [waiting for the disk](https://example.org/wal) once per
change is slow. An asynchronous program pays a second price: a call into a database thread and back takes about 50
microseconds, many times what `SELECT 1` takes by itself.[^s2.1]

> With 500 transitions in one transaction, the same loop on the same machine reached 74,500 per second.[^s1.1]

Waiting once for five hundred changes is five hundred times less waiting. Nothing else has to become faster.

## One writer, and no timer

Group commit means that changes which arrive at about the same time share one commit:

1. Every part of the program hands its change to a single writer and waits for the answer.
2. The writer takes everything that is pending and runs it as one transaction.
3. It commits once, then tells each caller that its change is safe.

```python
@dataclass
class Writer:
    pending: list[Change]  # whatever arrives during a commit is the next batch

    async def write_batches(self) -> None:
        while self.is_open:
            batch, self.pending = self.pending, []  # no timer, no limit
            await self.connection.run(batch, attempts=2, label="a batch of changes that arrived together")
```

Under heavy load the batches grow by themselves, because more changes arrive while the disk is busy. When a single
change comes alone, it is committed alone, at once, and waits for nobody.

### Sharing a transaction is not sharing a fate

- If one change in a batch is bad, the batch is rolled back.
- Its changes are tried again one at a time, so that only the bad one fails.
- No caller is told that its change is safe before the commit has returned.

## What it brings

| Design | Changes a second | Of the limit | Waits for the disk |
| --- | --- | --- | --- |
| One commit per change | 2,680 | 3 % | once per change |
| Group commit, 8 in flight | 10,400 | 14 % | once per batch |
| Group commit, 500 in flight | 63,000 | 76 % | once per batch |

![Overlapping discs](brings "Five hundred changes, one wait.")

The shape of the tables matters as well. Appending a row at the end of a table is nearly free, while inserting into the
middle of an index is what costs.

---

## When not to bother

A blog will never need forty thousand changes a second. What it needs is the other side of the same coin: two thousand
jobs that each call a slow service, and a processor that is nearly idle meanwhile. That leaves the processor to the
readers.
"""


async def fill(blog: Blog, draw: Draw | None = None) -> None:
    """Publish the showcase, the first of `POSTS` last. `draw` makes the pictures: the quick way, or Blogen's own."""
    draw = draw or picture
    for age, (title, summary, tags, language, provenance, has_cover) in reversed(list(enumerate(POSTS))):
        cover = await draw(blog, title, "cover") if has_cover else None
        fields: dict[str, Any] = {"markdown": f"{summary}\n\n" * 4, "words": 700 + 90 * age}
        if age == 0:
            fields = {
                "markdown": LONG,
                "notes": NOTES,
                "words": 1480,
                "images": [await draw(blog, "A drawing in the text", "brings")],
                "sources": SOURCES,
                "notices": ["The pictures were drawn without an AI model."],
                "job_id": await _job_with_steps(blog),
            }
        await blog.publish(
            title, at=NOW_MS - age * 3 * DAY_MS, slug=f"post-{age}" if age else "group-commit", summary=summary,
            tags=tags, language=language, provenance=provenance, cover=cover, **fields,
        )  # fmt: skip


async def _job_with_steps(blog: Blog) -> str:
    stored = await blog.database.read_one("SELECT id, number FROM jobs WHERE id = ?", (await blog.job(),))
    assert stored
    job = Job(**dict(stored), kind="post", state=JobState.ASSEMBLING, topic="", created_at=1, updated_at=1)
    for step, milliseconds, used in (
        ("outline/ask", 4210, Used("text.main", "gpt-5-mini", 1840, 420, 510)),
        ("draft:expensive/ask", 9120, Used("text.main", "gpt-5-mini", 2310, 890, 1290)),
        ("draft:writer/ask", 8760, Used("text.main", "gpt-5-mini", 2290, 860, 1300)),
        ("image:cover", 312, NOTHING_USED),
    ):
        digest = hashlib.sha256(step.encode()).hexdigest()
        await blog.steps.begin(job, step, 1, digest=digest, is_paid=used is not NOTHING_USED)
        await blog.steps.finish(job, step, 1, "{}", duration_ms=milliseconds, digest=digest, used=used)
    return job.id


async def own_cover(blog: Blog, title: str, key: str) -> Picture:
    """As Blogen draws where no image service is configured, in all its sizes: a second each."""
    from blogen.providers.cover_art import cover
    from blogen.render.pictures import prepare

    alt = f"A drawn cover for “{title}”"
    prepared = await prepare(
        cover(title if key == "cover" else f"{title}\n{key}", 1600, 900), alt=alt, made_by="covers", ai_generated=False
    )
    urls = {}
    for file in prepared.files:
        stored = await blog.media.add(
            file.content, file.media_type, width=file.width, height=file.height, made_by="covers"
        )
        urls[file.sha256] = stored.url
    return prepared.picture(key, lambda file: urls[file.sha256])


@cache
def drawn(title: str) -> tuple[bytes, bytes, bytes]:
    """The same for the same title: large, small, and sixteen points wide. Dozens of blogs have them."""
    from PIL import Image, ImageDraw, ImageFilter

    chance = random.Random(title)
    hue = chance.random()

    def colour(shift: float, light: float, strength: float = 0.55) -> tuple[int, ...]:
        return tuple(int(255 * part) for part in colorsys.hls_to_rgb((hue + shift) % 1, light, strength))

    image = Image.new("RGB", (800, 450), colour(0, 0.86, 0.5))
    pen = ImageDraw.Draw(image)
    for ring in range(7):
        x, y, radius = 400 + 330 * math.cos(ring * 1.7 + hue * 6), 225 + 190 * math.sin(ring * 2.3), 210 - ring * 22
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour(ring * 0.045, 0.78 - ring * 0.075))
    large, small, soft = io.BytesIO(), io.BytesIO(), io.BytesIO()
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    image.resize((1600, 900)).save(large, "WEBP", quality=80, method=0)
    image.save(small, "WEBP", quality=80, method=0)
    image.resize((16, 9)).save(soft, "PNG")
    return large.getvalue(), small.getvalue(), soft.getvalue()


async def picture(blog: Blog, title: str, key: str) -> Picture:
    content, content_of_small, soft = drawn(title)
    large = await blog.media.add(content, "image/webp", width=1600, height=900, made_by="covers")
    little = await blog.media.add(content_of_small, "image/webp", width=800, height=450, made_by="covers")
    return Picture(
        key=key, url=large.url, width=1600, height=900, alt=f"Overlapping discs for “{title}”",
        placeholder=f"data:image/png;base64,{base64.b64encode(soft).decode()}",
        srcset=f"{little.url} 800w, {large.url} 1600w", made_by="covers",
    )  # fmt: skip
