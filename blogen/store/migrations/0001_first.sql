-- The first schema. Times are Unix milliseconds UTC, ids UUIDv7 text, money integer micro-dollars, JSON is text
-- that pydantic validated. What must never be stored is refused here, not only in the code.

-- A job is a small row that changes at every step; nothing that changes there is indexed. Alternatives are spelled out
-- with OR: SQLite builds a table for an IN list at every execution, which costs more than the update itself.
CREATE TABLE jobs (
    id              TEXT PRIMARY KEY CHECK (length(id) = 36),
    kind            TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    state           TEXT NOT NULL CHECK (
                        state = 'queued' OR state = 'researching' OR state = 'outlining'
                        OR state = 'drafting' OR state = 'editing' OR state = 'illustrating'
                        OR state = 'assembling' OR state = 'in_review' OR state = 'scheduled'
                        OR state = 'published' OR state = 'failed' OR state = 'cancelled'),
    attempt         INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    waiting_for     TEXT CHECK (
                        waiting_for = 'retry' OR waiting_for = 'image' OR waiting_for = 'review'
                        OR waiting_for = 'schedule' OR waiting_for = 'budget' OR waiting_for = 'provider'
                        OR waiting_for = 'paused'),
    waiting_until   INTEGER CHECK (waiting_until IS NULL OR waiting_for IS NOT NULL),
    waiting_reason  TEXT CHECK (waiting_reason IS NULL OR waiting_for IS NOT NULL),
    priority        INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),
    cost_usd_micros INTEGER NOT NULL DEFAULT 0 CHECK (cost_usd_micros >= 0),
    input_tokens    INTEGER NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    output_tokens   INTEGER NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    failed_in       TEXT,
    error           TEXT,
    CHECK ((finished_at IS NOT NULL) = (state = 'published' OR state = 'failed' OR state = 'cancelled')),
    CHECK ((error IS NOT NULL) = (state = 'failed')),
    CHECK ((failed_in IS NOT NULL) = (state = 'failed')),
    CHECK (waiting_for IS NULL OR finished_at IS NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_open ON jobs (id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (state, id) WHERE finished_at IS NOT NULL;

-- What was ordered: written once, read when the job is taken up or shown.
CREATE TABLE job_requests (
    job_id  TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    topic   TEXT NOT NULL CHECK (length(topic) BETWEEN 3 AND 300),
    request TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Everything that happened to a job, append-only: moves, waits, decisions, and the steps with their results.
-- `event` is a number (store/lines.py names them): three lines a step are written, and they are to be small and quick
-- to check. 1 submitted, 2 moved, 3 waiting, 4 woken, 5 approved, 6 rejected, 11 step begun, 12 handle,
-- 13 finished, 14 failed, 15 doubted, 16 discarded. `origin` is the state in which it happened. The index finds a
-- job's lines, and lets each step begin and finish once per run.
CREATE TABLE timeline (
    id      INTEGER PRIMARY KEY,
    job_id  TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    event   INTEGER NOT NULL CHECK (event BETWEEN 1 AND 6 OR event BETWEEN 11 AND 16),
    origin  TEXT NOT NULL,
    target  TEXT CHECK ((target IS NOT NULL) = (event = 2)),
    step    TEXT CHECK ((step IS NOT NULL) = (event > 10) AND length(step) BETWEEN 1 AND 120),
    run     INTEGER CHECK ((run IS NOT NULL) = (event > 10) AND run >= 1),
    detail  TEXT,
    result  TEXT CHECK ((result IS NOT NULL) = (event = 13))
) STRICT;
CREATE UNIQUE INDEX timeline_once ON timeline (job_id, step, run, event);

-- What was spent, one row a paid call: what budgets are measured by.
CREATE TABLE spending (
    id         INTEGER PRIMARY KEY,
    job_id     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    provider   TEXT NOT NULL,
    model      TEXT NOT NULL,
    usd_micros INTEGER NOT NULL CHECK (usd_micros >= 0)
) STRICT;
CREATE INDEX spending_by_time ON spending (at, usd_micros);

-- An Idempotency-Key answers again with the job it made; `digest` tells a repetition from a misuse.
CREATE TABLE idempotency (
    owner      TEXT NOT NULL,
    key        TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    digest     TEXT NOT NULL CHECK (length(digest) = 64),
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    id          TEXT PRIMARY KEY CHECK (length(id) = 36),
    handle      TEXT NOT NULL UNIQUE CHECK (length(handle) BETWEEN 1 AND 39),
    name        TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    role        TEXT NOT NULL CHECK (role IN ('reader', 'author', 'admin')),
    password    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

-- Only the SHA-256 of a token is kept.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY CHECK (length(id) = 36),
    hash         TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    scope        TEXT NOT NULL CHECK (scope IN ('reader', 'author', 'admin')),
    person_id    TEXT REFERENCES people (id) ON DELETE CASCADE,
    label        TEXT NOT NULL DEFAULT '' CHECK (length(label) <= 100),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at   INTEGER,
    revoked_at   INTEGER
) STRICT, WITHOUT ROWID;

-- Personas that sign posts.
CREATE TABLE authors (
    id         TEXT PRIMARY KEY CHECK (length(id) = 36),
    handle     TEXT NOT NULL UNIQUE CHECK (length(handle) BETWEEN 1 AND 39),
    name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    bio        TEXT NOT NULL DEFAULT '' CHECK (length(bio) <= 2000),
    persona    TEXT NOT NULL DEFAULT '' CHECK (length(persona) <= 4000),
    avatar     TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A job makes at most one post. `item` is the post's JSON as it stands in lists, built once. `number` is what the
-- search table knows a post by; it is a column of its own since VACUUM may renumber hidden row ids.
CREATE TABLE posts (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
    slug         TEXT NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 100),
    job_id       TEXT NOT NULL UNIQUE REFERENCES jobs (id),
    author_id    TEXT NOT NULL REFERENCES authors (id),
    title        TEXT NOT NULL CHECK (length(title) BETWEEN 1 AND 300),
    published_at INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    item         TEXT NOT NULL -- last: what stands before it is read without it
) STRICT;
CREATE INDEX posts_newest ON posts (published_at, id);
CREATE INDEX posts_by_author ON posts (author_id, published_at, id);

CREATE TABLE post_bodies (
    post_id  TEXT PRIMARY KEY REFERENCES posts (id) ON DELETE CASCADE,
    blocks   TEXT NOT NULL,
    html     TEXT NOT NULL,
    markdown TEXT NOT NULL,
    notices  TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE post_tags (
    tag          TEXT NOT NULL CHECK (length(tag) BETWEEN 1 AND 50),
    published_at INTEGER NOT NULL,
    post_id      TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, published_at, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_tags_by_post ON post_tags (post_id);

-- Files are named by their content: media/ab/<sha256>.<ext>.
CREATE TABLE media (
    sha256     TEXT PRIMARY KEY CHECK (length(sha256) = 64),
    ext        TEXT NOT NULL CHECK (length(ext) BETWEEN 2 AND 5),
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    width      INTEGER,
    height     INTEGER,
    made_by    TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Its rowid is `posts.number`. Scripts without spaces are stored with a zero-width space between characters, so that
-- any part of a word can be found as a phrase.
CREATE VIRTUAL TABLE posts_search USING fts5 (
    title, summary, tags, body, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
