-- What the owner has set in the studio: a JSON value by its name, `site.title`. What is set in the configuration wins.
CREATE TABLE settings (
    key        TEXT PRIMARY KEY CHECK (length(key) BETWEEN 3 AND 100),
    value      TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 10000),
    changed_at INTEGER NOT NULL CHECK (changed_at > 0)
) STRICT, WITHOUT ROWID;
