-- Budgets become reservations: before a paid call its worst case is held back, after it the real cost takes its place.
-- And a task of the other side that moves through phases leaves a line for each (event 7: it belongs to a run of a step,
-- which stands in `detail`, since a run has one line of each of the events above 10).

-- What calls cost, one row a run of a step. `counted_usd_micros` is what budgets count: the worst case while the call
-- is under way or in doubt, the cost once it is settled, an estimate where no price is known. `usd_micros` is what is
-- known of the cost; unknown is NULL, never zero. Free calls have rows too, for their tokens.
CREATE TABLE ledger (
    id                 INTEGER PRIMARY KEY,
    job_id             TEXT NOT NULL,
    step               TEXT NOT NULL,
    run                INTEGER NOT NULL CHECK (run >= 1),
    at                 INTEGER NOT NULL,
    provider           TEXT NOT NULL,
    counted_usd_micros INTEGER NOT NULL CHECK (counted_usd_micros >= 0),
    is_paid            INTEGER NOT NULL DEFAULT 1 CHECK (is_paid IN (0, 1)),
    settled_at         INTEGER,
    usd_micros         INTEGER CHECK (usd_micros >= 0),
    accuracy           TEXT CHECK (accuracy IN ('reported', 'computed', 'guessed')),
    model              TEXT NOT NULL DEFAULT '',
    input_tokens       INTEGER NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    output_tokens      INTEGER NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    CHECK (usd_micros IS NULL OR settled_at IS NOT NULL),
    CHECK ((usd_micros IS NULL) = (accuracy IS NULL))
) STRICT;
CREATE UNIQUE INDEX ledger_by_step ON ledger (job_id, step, run);
CREATE INDEX ledger_by_time ON ledger (at, is_paid, provider, counted_usd_micros);

INSERT INTO ledger (job_id, step, run, at, provider, counted_usd_micros, settled_at, usd_micros, accuracy, model)
    SELECT job_id, 'before the ledger ' || id, 1, at, provider, usd_micros, at, usd_micros, 'computed', model
    FROM spending;
DROP TABLE spending;

-- Calls of a job that were paid for and whose cost nobody knows.
ALTER TABLE jobs ADD COLUMN unknown_calls INTEGER NOT NULL DEFAULT 0 CHECK (unknown_calls >= 0);

CREATE TABLE timeline_with_tasks (
    id      INTEGER PRIMARY KEY,
    job_id  TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    event   INTEGER NOT NULL CHECK (event BETWEEN 1 AND 7 OR event BETWEEN 11 AND 16),
    origin  TEXT NOT NULL,
    target  TEXT CHECK ((target IS NOT NULL) = (event = 2)),
    step    TEXT CHECK ((step IS NOT NULL) = (event > 10) AND length(step) BETWEEN 1 AND 120),
    run     INTEGER CHECK ((run IS NOT NULL) = (event > 10) AND run >= 1),
    detail  TEXT,
    result  TEXT CHECK ((result IS NOT NULL) = (event = 13))
) STRICT;
INSERT INTO timeline_with_tasks SELECT * FROM timeline;
DROP TABLE timeline;
ALTER TABLE timeline_with_tasks RENAME TO timeline;
CREATE UNIQUE INDEX timeline_once ON timeline (job_id, step, run, event);
