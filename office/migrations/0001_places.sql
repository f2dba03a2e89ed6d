-- {int}, {serial} and {strict} are said as each database says them; see src/store/sql.rs.

-- One row. Whoever changes anything takes the next version, in the same transaction: two that
-- have seen the same version cannot both go on from it.
CREATE TABLE office (
    only_row {int} PRIMARY KEY CHECK (only_row = 1),
    version {int} NOT NULL CHECK (version >= 0),
    -- How far the feed has been read: what was made of it stands in the same transaction.
    position {int} NOT NULL CHECK (position >= 0),
    -- Which process reads the feed and tells what is new, and until when it has said so.
    reader TEXT NOT NULL,
    reader_until {int} NOT NULL
) {strict};

INSERT INTO office (only_row, version, position, reader, reader_until) VALUES (1, 0, 0, '', 0);

-- Car parks. Without a description: removed, and kept so that others notice.
CREATE TABLE places (
    id TEXT PRIMARY KEY,
    description TEXT,
    -- When it was described like this, microseconds since 1970.
    described_at {int} CHECK ((described_at IS NULL) = (description IS NULL)),
    version {int} NOT NULL
) {strict};

CREATE INDEX places_by_version ON places (version);

-- How many vehicles are in the bays of one type, of a place that need not be described.
CREATE TABLE counts (
    place TEXT NOT NULL,
    bay_type TEXT NOT NULL,
    open_stays {int} NOT NULL CHECK (open_stays >= 0),
    correction {int} NOT NULL,
    entries {int} NOT NULL CHECK (entries >= 0),
    exits {int} NOT NULL CHECK (exits >= 0),
    as_of {int},
    verified TEXT,
    version {int} NOT NULL,
    PRIMARY KEY (place, bay_type)
) {strict};

CREATE INDEX counts_by_version ON counts (version);

-- Stays that stand open: of one plate at most one does.
CREATE TABLE stays (
    plate TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL,
    place TEXT NOT NULL,
    bay_type TEXT NOT NULL
) {strict};

-- What was last told of a place, so that it is told again only when it is otherwise.
CREATE TABLE told (
    place TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    number {int} NOT NULL CHECK (number > 0)
) {strict};

-- What is to be told in the feed, in this order.
CREATE TABLE facts (
    number {serial},
    fact TEXT NOT NULL
) {strict};
