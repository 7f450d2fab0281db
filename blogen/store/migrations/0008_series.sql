-- Posts that belong together, posts that stand at the top of the front page, and the addresses of posts that are gone.
-- Existing posts are in no series and none is featured; what was deleted before is not known any more.

CREATE TABLE series (
    id          TEXT PRIMARY KEY CHECK (length(id) = 36),
    slug        TEXT NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 100),
    title       TEXT NOT NULL UNIQUE CHECK (length(title) BETWEEN 1 AND 200),
    description TEXT NOT NULL DEFAULT '' CHECK (length(description) <= 1000),
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A post is part of one series at most. Parts are told in the order of `part`; where a post went there is a gap.
CREATE TABLE series_posts (
    post_id   TEXT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    series_id TEXT NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    part      INTEGER NOT NULL CHECK (part >= 1),
    UNIQUE (series_id, part)
) STRICT, WITHOUT ROWID;

-- The one chosen last stands first.
CREATE TABLE featured_posts (
    post_id TEXT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What search is narrowed down by.
ALTER TABLE posts ADD COLUMN language TEXT NOT NULL DEFAULT '';
UPDATE posts SET language = json_extract(item, '$.language');
CREATE INDEX posts_by_language ON posts (language, published_at, id);

-- Where a post was, so that its address can say so. Of what it said only its tags are kept.
CREATE TABLE gone_posts (
    slug       TEXT PRIMARY KEY CHECK (length(slug) BETWEEN 1 AND 100),
    tags       TEXT NOT NULL DEFAULT '[]',
    deleted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
