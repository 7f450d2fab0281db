-- What counts against caps, kept by day and provider: a cap of a day or month adds up a few rows, however many calls it
-- has seen. The ledger's own triggers keep it, so that nothing that writes there can forget to.
CREATE TABLE ledger_days (
    day                INTEGER NOT NULL,
    provider           TEXT NOT NULL,
    counted_usd_micros INTEGER NOT NULL,
    calls              INTEGER NOT NULL,
    PRIMARY KEY (day, provider)
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_days (day, provider, counted_usd_micros, calls)
    SELECT at / 86400000, provider, sum(counted_usd_micros), count(*) FROM ledger WHERE is_paid GROUP BY 1, 2;

CREATE TRIGGER ledger_days_more AFTER INSERT ON ledger WHEN new.is_paid
BEGIN
    INSERT INTO ledger_days (day, provider, counted_usd_micros, calls)
        VALUES (new.at / 86400000, new.provider, new.counted_usd_micros, 1)
        ON CONFLICT (day, provider) DO UPDATE SET
            counted_usd_micros = counted_usd_micros + excluded.counted_usd_micros, calls = calls + 1;
END;
CREATE TRIGGER ledger_days_less AFTER DELETE ON ledger WHEN old.is_paid
BEGIN
    UPDATE ledger_days SET counted_usd_micros = counted_usd_micros - old.counted_usd_micros, calls = calls - 1
        WHERE day = old.at / 86400000 AND provider = old.provider;
END;
CREATE TRIGGER ledger_days_changed AFTER UPDATE OF at, provider, counted_usd_micros, is_paid ON ledger
BEGIN
    UPDATE ledger_days SET counted_usd_micros = counted_usd_micros - old.counted_usd_micros, calls = calls - 1
        WHERE old.is_paid AND day = old.at / 86400000 AND provider = old.provider;
    INSERT INTO ledger_days (day, provider, counted_usd_micros, calls)
        SELECT new.at / 86400000, new.provider, new.counted_usd_micros, 1 WHERE new.is_paid
        ON CONFLICT (day, provider) DO UPDATE SET
            counted_usd_micros = counted_usd_micros + excluded.counted_usd_micros, calls = calls + 1;
END;
