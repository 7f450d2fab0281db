"""What machines read of a post: schema.org as JSON-LD, and where the AI was."""

from typing import Any

from blogen.domain.post import PostSummary

_SOURCE_TYPES = {
    "ai-autonomous": "https://schema.org/TrainedAlgorithmicMediaDigitalSource",
    "ai-assisted": "https://schema.org/CompositeWithTrainedAlgorithmicMediaDigitalSource",
}


def linked_data(post: PostSummary, base_url: str) -> dict[str, Any]:
    """A BlogPosting. The author of an AI's text is not said to be a person."""
    from blogen.web.words import disclosure, iso

    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": post.title,
        "description": post.summary,
        "url": base_url + post.url,
        "mainEntityOfPage": base_url + post.url,
        "inLanguage": post.language,
        "wordCount": post.words,
        "datePublished": iso(post.published_at),
        "dateModified": iso(post.updated_at),
        "author": {
            "@type": "Person" if post.provenance.disclosure == "none" else "Organization",
            "name": post.author.name,
            "url": f"{base_url}/authors/{post.author.handle}",
        },
        "keywords": post.tags,
        "creditText": disclosure(post.provenance),
        "citation": [source.url for source in post.sources if source.url],
    }
    if source_type := _SOURCE_TYPES.get(post.provenance.disclosure):
        found["digitalSourceType"] = source_type
    if post.cover:
        found["image"] = {
            "@type": "ImageObject",
            "url": base_url + post.cover.url,
            "width": post.cover.width,
            "height": post.cover.height,
        }
    return found
