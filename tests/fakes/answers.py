"""What the fake model says: the same order gets the same answer, shaped by the JSON Schema of the request.

It knows nothing of Blogen's prompts: it walks whatever schema it is given, and where the prompt lists passages under
keys such as `s1.2` it cites those, in the passages' own words, so that checks of citations find what they look for.
"""

import hashlib
import json
import re
from typing import Any

PASSAGE_KEY = re.compile(r"\bs\d{1,3}\.\d{1,4}\b")
_ONE_WORD = re.compile(r"\banswer with the one word (\w+)")
_FALLBACK = "A small kettle of clear words keeps a careful reader company until the last line"


def answer(prompt: str, schema: dict[str, Any] | None) -> str:
    """The text of an answer to `prompt`."""
    if schema is None:
        word = _ONE_WORD.search(prompt)
        return word[1] if word else prose(prompt)
    return json.dumps(Filling(prompt, schema).filled(schema, "answer"), ensure_ascii=False)


def passages(prompt: str) -> dict[str, str]:
    """The passages that a prompt lists, by key; the text runs to the next key.

    Listed is a key at the beginning of a line (`[^s1.2]`, `- s1.2: …`); one in the middle is but an example.
    """
    hits = list(re.finditer(rf"^[^\w\n]*({PASSAGE_KEY.pattern})", prompt, re.M)) or list(PASSAGE_KEY.finditer(prompt))
    found: dict[str, str] = {}
    for number, hit in enumerate(hits):
        end = hits[number + 1].start() if number + 1 < len(hits) else len(prompt)
        text = re.sub(r"^\W+", "", prompt[hit.end() : end]).strip()
        key = hit[hit.lastindex or 0]
        if len(text) > len(found.get(key, "")):
            found[key] = text
        found.setdefault(key, "")
    return found


def sentence_of(passage: str) -> str:
    """The first sentence of a passage, without its full stop, fit to stand in Markdown."""
    line = next((line.strip() for line in passage.splitlines() if len(line.split()) >= 4), "")
    sentence = re.split(r"(?<=[.!?。！？])\s", line)[0]
    sentence = re.sub(r"[`*_#\[\]<>{}\\|\"“”„]", "", sentence).strip().rstrip(".!?")
    return " ".join(sentence.split()[:40])


def prose(prompt: str, start: int = 0, count: int = 3) -> str:
    """A paragraph that rests on some of the passages of the prompt, in their own words."""
    listed = list(passages(prompt).items())
    chosen = [listed[(start + number) % len(listed)] for number in range(min(count, len(listed)))]
    sentences = [f"{sentence_of(text) or _FALLBACK}.[^{key}]" for key, text in chosen]
    return " ".join([*sentences, f"{_FALLBACK}."])


class Filling:
    """Fills a schema, field by field, from the prompt."""

    def __init__(self, prompt: str, schema: dict[str, Any]) -> None:
        self._prompt = prompt
        self._root = schema
        self._passages = passages(prompt)
        self._words = _words(" ".join(self._passages.values()) or prompt)
        self._counts: dict[str, int] = {}

    def filled(self, schema: dict[str, Any], name: str) -> Any:
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if choices := schema.get("enum"):
            return choices[0]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((entry for entry in kind if entry != "null"), "null")
        match kind:
            case "object":
                return {key: self.filled(field, key) for key, field in schema.get("properties", {}).items()}
            case "array":
                return self._list(schema, name)
            case "integer" | "number":
                return self._number(schema, name)
            case "boolean":
                return True
            case "null":
                return None
        return self._text(schema, name)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while True:
            if reference := schema.get("$ref"):
                found: Any = self._root
                for part in reference.removeprefix("#/").split("/"):
                    found = found[part]
                schema = found
            elif choices := (schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")):
                schema = next((choice for choice in choices if choice.get("type") != "null"), choices[0])
            else:
                return schema

    def _list(self, schema: dict[str, Any], name: str) -> list[Any]:
        items = schema.get("items", {"type": "string"})
        resolved = self._resolved(items)
        least, most = schema.get("minItems", 0), schema.get("maxItems", 1_000)
        if resolved.get("type") == "object":
            return [self.filled(items, _singular(name)) for _ in range(min(max(least, 3), most))]
        if any(word in name for word in ("remark", "problem", "issue", "dropped", "warning", "error")):
            return [self.filled(items, _singular(name)) for _ in range(least)]
        if any(word in name for word in ("passage", "source", "citation", "evidence", "rests")) and self._passages:
            keys = list(self._passages)
            start = self._next(f"list:{name}") * 2
            chosen = [keys[(start + number) % len(keys)] for number in range(min(max(least, 2), most, len(keys)))]
            return list(dict.fromkeys(chosen))
        return [self.filled(items, _singular(name)) for _ in range(min(max(least, 3), most))]

    def _number(self, schema: dict[str, Any], name: str) -> int | float:
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        value = max(least, 1)
        return min(value, schema.get("maximum", value))

    def _text(self, schema: dict[str, Any], name: str) -> str:
        number = self._next(name)
        text = self._worded(name, number, schema)
        pattern = schema.get("pattern")
        if pattern and not re.search(pattern, text):
            candidates = (f"{name}-{number + 1}", f"part-{number + 1}", _slug(text), "a", "1", "s1.1", "en")
            text = next((candidate for candidate in candidates if re.search(pattern, candidate)), text)
        return text[: schema.get("maxLength", 1_000_000)].ljust(schema.get("minLength", 0), ".")

    def _worded(self, name: str, number: int, schema: dict[str, Any]) -> str:
        word = self._words[(number * 2 + len(name)) % len(self._words)]
        other = self._words[(number * 2 + len(name) + 1) % len(self._words)]
        key = next(iter(self._passages), "")
        match name:
            case "key" | "id" | "name":
                return f"part-{number + 1}" if number else "opening"
            case "slug":
                return _slug(" ".join(self._words[:5]))
            case "language":
                return "en"
            case "tag":
                return word.lower()
            case "title":
                return f"What {word} has to do with {other}"
            case "heading" | "headline":
                return f"{word.capitalize()} and {other}"
            case "quote" | "quotation":
                return sentence_of(self._passages.get(key, "")) or _FALLBACK
            case "passage" | "marker" | "citation" | "source":
                keys = list(self._passages) or ["s1.1"]
                return keys[number % len(keys)]
            case "markdown" | "text" | "body" | "content" | "draft":
                return (
                    f"{prose(self._prompt, start=number * 2)}\n\n{prose(self._prompt, start=number * 2 + 1, count=2)}"
                )
            case "prompt":
                return f"A quiet still life with {word} and {other}, soft morning light, no letters"
            case "alt":
                return f"A quiet still life with {word} and {other}"
        return f"On {word} and {other}, for a reader who has little time."

    def _next(self, name: str) -> int:
        number = self._counts.get(name, 0)
        self._counts[name] = number + 1
        return number


def _words(prompt: str) -> list[str]:
    """Some telling words of the prompt, in an order that only the prompt decides."""
    found = dict.fromkeys(word for word in re.findall(r"[^\W\d_]{5,14}", prompt) if word.lower() not in _COMMON)
    digest = hashlib.sha256(prompt.encode()).digest()
    words = sorted(found, key=lambda word: hashlib.sha256(digest + word.encode()).digest())[:24]
    return words or ["kettle", "paper", "harbour", "lantern"]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "a-post"


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") else name


_COMMON_WORDS = """
about above after answer before below between cites could every exactly field first following given language markdown
object other passage passages schema section sections should source sources their there these those title topic under
which while words would write writes
"""
_COMMON = frozenset(_COMMON_WORDS.split())
