-- People and what they do with posts. Ids of rows are UUIDv7 text, times Unix milliseconds UTC. Secrets (sessions,
-- invitations, codes, links) are kept as the SHA-256 of what their holder shows.

-- `email` is what a person says; `mailbox` the same for the first account that says it: signs in by it, gets its links.
-- The second is not told, or addresses could be tried out.
ALTER TABLE people ADD COLUMN email TEXT CHECK (length(email) BETWEEN 3 AND 254);
ALTER TABLE people ADD COLUMN mailbox TEXT CHECK (mailbox IS NULL OR mailbox IS email);
ALTER TABLE people ADD COLUMN bio TEXT NOT NULL DEFAULT '' CHECK (length(bio) <= 2000);
ALTER TABLE people ADD COLUMN avatar TEXT CHECK (length(avatar) <= 200);
-- A first comment waits for the owner where the blog is set so; from then on this person's are shown at once.
ALTER TABLE people ADD COLUMN is_trusted INTEGER NOT NULL DEFAULT 0 CHECK (is_trusted IN (0, 1));
ALTER TABLE people ADD COLUMN hides_unreviewed INTEGER NOT NULL DEFAULT 0 CHECK (hides_unreviewed IN (0, 1));
ALTER TABLE people ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX people_by_email ON people (email, id) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX people_by_mailbox ON people (mailbox) WHERE mailbox IS NOT NULL;

-- A device is a browser that is signed in, or an app that was paired. A browser shows `hash`'s text in its cookie; an
-- app shows it to get its next access token, and each is good for one use. All texts of a device begin with the same
-- secret, `family`'s: any earlier one that is shown again was stolen, and ends the device. One that ended has no row.
CREATE TABLE devices (
    id           TEXT PRIMARY KEY CHECK (length(id) = 36),
    person_id    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('browser', 'app')),
    name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    scope        TEXT NOT NULL CHECK (scope IN ('reader', 'author', 'admin')),
    hash         TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    family       TEXT NOT NULL UNIQUE CHECK (length(family) = 64),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_of_person ON devices (person_id, id);
-- An app's access tokens end with their device.
ALTER TABLE tokens ADD COLUMN device_id TEXT REFERENCES devices (id) ON DELETE CASCADE;
CREATE INDEX tokens_alone ON tokens (id) WHERE device_id IS NULL;
CREATE INDEX tokens_of_device ON tokens (device_id) WHERE device_id IS NOT NULL;
CREATE INDEX tokens_of_person ON tokens (person_id) WHERE person_id IS NOT NULL;

-- One-time secrets: an invitation, a pairing code, a link to set a new password, the link of the first set-up.
CREATE TABLE tickets (
    hash       TEXT PRIMARY KEY CHECK (length(hash) = 64),
    kind       TEXT NOT NULL CHECK (kind IN ('invitation', 'pairing', 'reset', 'set-up')),
    person_id  TEXT REFERENCES people (id) ON DELETE CASCADE,
    role       TEXT NOT NULL DEFAULT 'reader' CHECK (role IN ('reader', 'author', 'admin')),
    note       TEXT NOT NULL DEFAULT '' CHECK (length(note) <= 200),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    CHECK (person_id IS NOT NULL OR kind IN ('invitation', 'set-up'))
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_of_person ON tickets (person_id, kind);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

CREATE TABLE passkeys (
    id           TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1400),
    person_id    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    public_key   BLOB NOT NULL,
    sign_count   INTEGER NOT NULL CHECK (sign_count >= 0),
    name         TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_of_person ON passkeys (person_id);

-- Counts are kept, not counted: each is changed with the row that it counts.
ALTER TABLE posts ADD COLUMN likes INTEGER NOT NULL DEFAULT 0 CHECK (likes >= 0);
ALTER TABLE posts ADD COLUMN comments INTEGER NOT NULL DEFAULT 0 CHECK (comments >= 0);
ALTER TABLE posts ADD COLUMN is_reviewed INTEGER NOT NULL DEFAULT 0 CHECK (is_reviewed IN (0, 1));
UPDATE posts SET is_reviewed = json_extract(item, '$.provenance.disclosure') <> 'ai-autonomous';
-- Lists for those who hide what no person reviewed: walked without stepping over the hidden.
CREATE INDEX posts_reviewed ON posts (published_at, id) WHERE is_reviewed = 1;
CREATE INDEX posts_reviewed_by_author ON posts (author_id, published_at, id) WHERE is_reviewed = 1;
CREATE INDEX authors_by_name ON authors (name, id);
ALTER TABLE authors ADD COLUMN followers INTEGER NOT NULL DEFAULT 0 CHECK (followers >= 0);
CREATE TABLE tag_counts (
    tag       TEXT PRIMARY KEY CHECK (length(tag) BETWEEN 1 AND 50),
    posts     INTEGER NOT NULL DEFAULT 0 CHECK (posts >= 0),
    followers INTEGER NOT NULL DEFAULT 0 CHECK (followers >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_counts_most_used ON tag_counts (posts DESC, tag);
INSERT INTO tag_counts (tag, posts) SELECT tag, count(*) FROM post_tags GROUP BY tag;

CREATE TABLE likes (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    post_id   TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    PRIMARY KEY (person_id, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX likes_of_post ON likes (post_id, person_id);

CREATE TABLE bookmarks (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    post_id   TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    list      TEXT NOT NULL DEFAULT '' CHECK (length(list) <= 50),
    at        INTEGER NOT NULL,
    PRIMARY KEY (person_id, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX bookmarks_newest ON bookmarks (person_id, at, post_id);
CREATE INDEX bookmarks_in_list ON bookmarks (person_id, list, at, post_id);
CREATE INDEX bookmarks_of_post ON bookmarks (post_id);

CREATE TABLE author_follows (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    author_id TEXT NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    PRIMARY KEY (person_id, author_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX author_follows_of_author ON author_follows (author_id, person_id);

CREATE TABLE tag_follows (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    tag       TEXT NOT NULL CHECK (length(tag) BETWEEN 1 AND 50),
    at        INTEGER NOT NULL,
    PRIMARY KEY (person_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_follows_of_tag ON tag_follows (tag, person_id);

CREATE TABLE reading_progress (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    post_id   TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    block     TEXT NOT NULL CHECK (length(block) BETWEEN 1 AND 100),
    fraction  REAL NOT NULL CHECK (fraction BETWEEN 0 AND 1),
    at        INTEGER NOT NULL,
    PRIMARY KEY (person_id, post_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reading_progress_newest ON reading_progress (person_id, at, post_id);
CREATE INDEX reading_progress_of_post ON reading_progress (post_id);

-- Two levels: an answer's `parent_id` is a comment that has none. `state`: shown; held until the owner looks; removed
-- by the owner; deleted by its writer. What was deleted leaves a stub while answers hang on it. `person_id` is null
-- once the writer's account is gone. `html` and `blocks` are two faces of one text.
-- `answers_id` is what was answered, the thread's first comment or one below it; it may be gone.
CREATE TABLE comments (
    id         TEXT PRIMARY KEY CHECK (length(id) = 36),
    post_id    TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    person_id  TEXT REFERENCES people (id) ON DELETE SET NULL,
    parent_id  TEXT REFERENCES comments (id) ON DELETE CASCADE,
    answers_id TEXT CHECK (length(answers_id) = 36),
    markdown   TEXT NOT NULL CHECK (length(markdown) <= 10000),
    html       TEXT NOT NULL,
    blocks     TEXT NOT NULL DEFAULT '[]',
    state      TEXT NOT NULL CHECK (state IN ('shown', 'held', 'removed', 'deleted')),
    held_for   TEXT NOT NULL DEFAULT '' CHECK (length(held_for) <= 200),
    created_at INTEGER NOT NULL,
    edited_at  INTEGER,
    CHECK (state <> 'deleted' OR markdown = '')
) STRICT, WITHOUT ROWID;
CREATE INDEX comments_of_post ON comments (post_id, id) WHERE parent_id IS NULL;
CREATE INDEX comments_answers ON comments (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_of_person ON comments (person_id, id);
CREATE INDEX comments_held ON comments (id) WHERE state = 'held';
CREATE INDEX comments_held_of_person ON comments (person_id, id) WHERE state = 'held';

-- `source` makes a notification happen once: what it is about, and for whom.
CREATE TABLE notifications (
    id         TEXT PRIMARY KEY CHECK (length(id) = 36),
    person_id  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('reply', 'mention', 'post', 'correction', 'moderation')),
    source     TEXT NOT NULL CHECK (length(source) BETWEEN 1 AND 100),
    post_id    TEXT REFERENCES posts (id) ON DELETE CASCADE,
    comment_id TEXT REFERENCES comments (id) ON DELETE CASCADE,
    by_id      TEXT REFERENCES people (id) ON DELETE SET NULL,
    detail     TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    read_at    INTEGER,
    UNIQUE (person_id, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_of_person ON notifications (person_id, id);
CREATE INDEX notifications_unread ON notifications (person_id) WHERE read_at IS NULL;
CREATE INDEX notifications_of_post ON notifications (post_id);
CREATE INDEX notifications_of_comment ON notifications (comment_id);
CREATE INDEX notifications_by ON notifications (by_id) WHERE by_id IS NOT NULL;

-- A block hides both from each other and ends answers; a mute hides the other from one's own eyes.
CREATE TABLE aversions (
    person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    other_id  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    kind      TEXT NOT NULL CHECK (kind IN ('block', 'mute')),
    at        INTEGER NOT NULL,
    PRIMARY KEY (person_id, other_id, kind),
    CHECK (person_id <> other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX aversions_of_other ON aversions (other_id, kind, person_id);

-- What people told the owner: about a comment, or an error in a paragraph of a post.
CREATE TABLE reports (
    id         TEXT PRIMARY KEY CHECK (length(id) = 36),
    person_id  TEXT REFERENCES people (id) ON DELETE SET NULL,
    comment_id TEXT REFERENCES comments (id) ON DELETE CASCADE,
    post_id    TEXT REFERENCES posts (id) ON DELETE CASCADE,
    block      TEXT CHECK (length(block) BETWEEN 1 AND 100),
    note       TEXT NOT NULL CHECK (length(note) <= 2000),
    created_at INTEGER NOT NULL,
    closed_at  INTEGER,
    outcome    TEXT NOT NULL DEFAULT '' CHECK (length(outcome) <= 2000),
    CHECK ((comment_id IS NULL) <> (post_id IS NULL)),
    CHECK (block IS NULL OR post_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_open ON reports (id) WHERE closed_at IS NULL;
CREATE INDEX reports_of_comment ON reports (comment_id);
CREATE INDEX reports_of_post ON reports (post_id);
CREATE INDEX reports_of_person ON reports (person_id);
CREATE INDEX reports_open_of_person ON reports (person_id, id) WHERE closed_at IS NULL;

-- Public and dated: what was wrong in a post and what it says now.
CREATE TABLE corrections (
    id         TEXT PRIMARY KEY CHECK (length(id) = 36),
    post_id    TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    block      TEXT CHECK (length(block) BETWEEN 1 AND 100),
    text       TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX corrections_of_post ON corrections (post_id, id);

-- Words that hold a comment, one a row, lower case.
CREATE TABLE blocked_words (
    word     TEXT PRIMARY KEY CHECK (length(word) BETWEEN 1 AND 100),
    added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every act of moderation, with what it takes to undo it.
CREATE TABLE moderation_log (
    id        TEXT PRIMARY KEY CHECK (length(id) = 36),
    at        INTEGER NOT NULL,
    by_name   TEXT NOT NULL,
    action    TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 40),
    target    TEXT NOT NULL CHECK (length(target) <= 200),
    before    TEXT NOT NULL DEFAULT '{}',
    undone_at INTEGER
) STRICT, WITHOUT ROWID;

-- What follows from a fact and must not be lost: a row in the fact's own transaction, told to webhooks, followers and
-- phones afterwards, each once. `key` makes a fact stand here once.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    event      TEXT NOT NULL CHECK (length(event) BETWEEN 1 AND 60),
    key        TEXT NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 200),
    payload    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    done_at    INTEGER
) STRICT;
CREATE INDEX outbox_open ON outbox (id) WHERE done_at IS NULL;

-- One row a webhook and fact. `next_at` is null once it was delivered or given up.
CREATE TABLE deliveries (
    id           TEXT PRIMARY KEY CHECK (length(id) = 36),
    hook         TEXT NOT NULL CHECK (length(hook) BETWEEN 1 AND 100),
    outbox_id    INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at      INTEGER,
    delivered_at INTEGER,
    status       INTEGER,
    error        TEXT NOT NULL DEFAULT '' CHECK (length(error) <= 500),
    created_at   INTEGER NOT NULL,
    UNIQUE (hook, outbox_id)
) STRICT, WITHOUT ROWID;
-- By hook first: one whose receiver hangs holds no other up.
CREATE INDEX deliveries_due ON deliveries (hook, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_of_hook ON deliveries (hook, id);
CREATE INDEX deliveries_of_outbox ON deliveries (outbox_id);

CREATE TABLE push_subscriptions (
    id         TEXT PRIMARY KEY CHECK (length(id) = 36),
    person_id  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    endpoint   TEXT NOT NULL UNIQUE CHECK (length(endpoint) BETWEEN 9 AND 1000),
    p256dh     TEXT NOT NULL CHECK (length(p256dh) BETWEEN 80 AND 100),
    auth       TEXT NOT NULL CHECK (length(auth) BETWEEN 16 AND 40),
    created_at INTEGER NOT NULL,
    last_ok_at INTEGER,
    failures   INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_subscriptions_of_person ON push_subscriptions (person_id);

-- Keys that the blog makes for itself: what signs cursors, and its identity towards push services.
CREATE TABLE own_keys (
    name       TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 40),
    value      BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An Idempotency-Key answers again with what it brought about (orders of jobs have a table of their own).
CREATE TABLE kept_answers (
    owner      TEXT NOT NULL,
    key        TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    digest     TEXT NOT NULL CHECK (length(digest) = 64),
    status     INTEGER NOT NULL,
    location   TEXT NOT NULL DEFAULT '',
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answers_oldest ON kept_answers (created_at);
