-- What posts said before they were changed: every save adds a version, and the first change also keeps what it changed.
-- Number 1 is the oldest that is known; posts that were changed before this table begin with what they say now.
-- Who saved it is a name, for the account may go; empty: nobody did, it was published so. `changed` names what differs
-- from the version before (JSON). A post may have any number of versions; the program keeps a bounded number.
CREATE TABLE post_versions (
    post_id  TEXT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL CHECK (number >= 1),
    saved_at INTEGER NOT NULL,
    by_name  TEXT NOT NULL DEFAULT '' CHECK (length(by_name) <= 100),
    changed  TEXT NOT NULL DEFAULT '[]' CHECK (length(changed) BETWEEN 2 AND 200),
    restores INTEGER CHECK (restores >= 1 AND restores < number),
    item     TEXT NOT NULL,
    blocks   TEXT NOT NULL,
    PRIMARY KEY (post_id, number),
    UNIQUE (post_id, saved_at)
) STRICT;

-- The studio lists what was removed, to be restored.
CREATE INDEX comments_removed ON comments (id) WHERE state = 'removed';
