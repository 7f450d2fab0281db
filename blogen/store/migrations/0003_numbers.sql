-- Jobs get a small number beside their id, and lines of the timeline carry that: a commit for many jobs dirties a third
-- of the pages that 36 characters a line and once more in the index took.

CREATE TABLE jobs_numbered (
    number          INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
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
    unknown_calls   INTEGER NOT NULL DEFAULT 0 CHECK (unknown_calls >= 0),
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
) STRICT;
INSERT INTO jobs_numbered (
    id, kind, state, attempt, waiting_for, waiting_until, waiting_reason, priority, cost_usd_micros, unknown_calls,
    input_tokens, output_tokens, created_at, updated_at, finished_at, failed_in, error
)
SELECT
    id, kind, state, attempt, waiting_for, waiting_until, waiting_reason, priority, cost_usd_micros, unknown_calls,
    input_tokens, output_tokens, created_at, updated_at, finished_at, failed_in, error
FROM jobs ORDER BY id;

CREATE TABLE timeline_numbered (
    id      INTEGER PRIMARY KEY,
    job     INTEGER NOT NULL REFERENCES jobs_numbered (number) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    event   INTEGER NOT NULL CHECK (event BETWEEN 1 AND 7 OR event BETWEEN 11 AND 16),
    origin  TEXT NOT NULL,
    target  TEXT CHECK ((target IS NOT NULL) = (event = 2)),
    step    TEXT CHECK ((step IS NOT NULL) = (event > 10) AND length(step) BETWEEN 1 AND 120),
    run     INTEGER CHECK ((run IS NOT NULL) = (event > 10) AND run >= 1),
    detail  TEXT,
    result  TEXT CHECK ((result IS NOT NULL) = (event = 13))
) STRICT;
INSERT INTO timeline_numbered
    SELECT t.id, j.number, t.at, t.event, t.origin, t.target, t.step, t.run, t.detail, t.result
    FROM timeline AS t JOIN jobs_numbered AS j ON j.id = t.job_id ORDER BY t.id;

-- Foreign keys are not looked after during a migration: nothing goes with the old tables.
DROP TABLE timeline;
DROP TABLE jobs;
ALTER TABLE jobs_numbered RENAME TO jobs;
ALTER TABLE timeline_numbered RENAME TO timeline;
CREATE INDEX jobs_open ON jobs (id) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (state, id) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX timeline_once ON timeline (job, step, run, event);
