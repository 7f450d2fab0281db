-- A line that tells of a move and of nobody who asked for it makes the move: what the engine commits for thousands of
-- jobs is one statement then. A job that is not where the line saw it, or that waits, is not moved, and the line is
-- refused. Lines with a detail tell of moves that were made beside them.
-- Two triggers, since a statement that sets `finished_at` writes the index of open jobs anew.
CREATE TRIGGER timeline_moves AFTER INSERT ON timeline
WHEN new.event = 2 AND new.detail IS NULL
    AND new.target <> 'published' AND new.target <> 'failed' AND new.target <> 'cancelled'
BEGIN
    UPDATE jobs SET
        state = CASE WHEN state = new.origin AND waiting_for IS NULL THEN new.target ELSE RAISE(ABORT, 'stale') END,
        attempt = 0,
        updated_at = new.at
    WHERE number = new.job;
END;
CREATE TRIGGER timeline_ends AFTER INSERT ON timeline
WHEN new.event = 2 AND new.detail IS NULL
    AND (new.target = 'published' OR new.target = 'failed' OR new.target = 'cancelled')
BEGIN
    UPDATE jobs SET
        state = CASE WHEN state = new.origin AND waiting_for IS NULL THEN new.target ELSE RAISE(ABORT, 'stale') END,
        attempt = 0,
        updated_at = new.at,
        finished_at = new.at
    WHERE number = new.job;
END;
