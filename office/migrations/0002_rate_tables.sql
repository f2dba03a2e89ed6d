-- Prices: each version as somebody put it. A version that a bill names is the one that it was made by.
CREATE TABLE rate_tables (
    id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
    number {int} NOT NULL CHECK (number > 0),
    -- The version before: none is left out.
    before {int} CHECK (before = number - 1 AND before > 0),
    text TEXT NOT NULL,
    -- Microseconds since 1970.
    created_at {int} NOT NULL,
    by TEXT NOT NULL,
    version {int} NOT NULL,
    PRIMARY KEY (id, number),
    FOREIGN KEY (id, before) REFERENCES rate_tables (id, number),
    CHECK ((before IS NULL) = (number = 1))
) {strict};

CREATE INDEX rate_tables_by_version ON rate_tables (version);

{only_added rate_tables}

-- What was told of a place (whether it was full, which factor its prices had) is what every process
-- goes on from.
ALTER TABLE told ADD COLUMN version {int} NOT NULL DEFAULT 1;

CREATE INDEX told_by_version ON told (version);
