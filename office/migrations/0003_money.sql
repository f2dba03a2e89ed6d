-- People, rights and money. Money is in minor units, time in microseconds since 1970. Nothing is deleted
-- that money has depended on.

-- Right holders: persons, firms, groups.
CREATE TABLE holders (
    id TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    -- The group that it belongs to. A group belongs to none.
    member_of TEXT REFERENCES holders (id) CHECK (member_of <> id),
    floor {int} NOT NULL,
    currency TEXT NOT NULL,
    changed_at {int} NOT NULL
) {strict};

CREATE INDEX holders_by_group ON holders (member_of);

-- What a holder has prepaid. `group_…`: what it has together with its members.
CREATE TABLE accounts (
    holder TEXT PRIMARY KEY REFERENCES holders (id),
    balance {int} NOT NULL,
    held {int} NOT NULL CHECK (held >= 0),
    group_balance {int} NOT NULL,
    group_held {int} NOT NULL CHECK (group_held >= 0)
) {strict};

-- Plates and passes, with whom and for how long: the past stays with whom it was.
CREATE TABLE credentials (
    kind TEXT NOT NULL CHECK (kind IN ('plate', 'qr', 'nfc')),
    value TEXT NOT NULL,
    holder TEXT NOT NULL REFERENCES holders (id),
    since {int} NOT NULL,
    until {int} CHECK (until >= since)
) {strict};

-- Of one holder at a time.
CREATE UNIQUE INDEX credentials_now ON credentials (kind, value) WHERE until IS NULL;
CREATE INDEX credentials_by_holder ON credentials (holder);
CREATE INDEX credentials_by_value ON credentials (kind, value, since);

-- Subscriptions, reservations, permits, lists. A right that is taken away is kept, without effect.
CREATE TABLE rights (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    holder TEXT REFERENCES holders (id),
    description TEXT NOT NULL,
    is_gone {int} NOT NULL CHECK (is_gone IN (0, 1)),
    -- Of a reservation: where and how long a bay is kept.
    place TEXT,
    bay_type TEXT,
    kept_from {int},
    kept_until {int} CHECK (kept_until > kept_from),
    changed_at {int} NOT NULL
) {strict};

CREATE INDEX rights_by_holder ON rights (holder);
CREATE INDEX rights_by_place ON rights (place, kept_from);

-- The vehicles that a right names.
CREATE TABLE right_plates (
    plate TEXT NOT NULL,
    right_id TEXT NOT NULL REFERENCES rights (id),
    PRIMARY KEY (plate, right_id)
) {strict};

CREATE INDEX right_plates_by_right ON right_plates (right_id);

-- How many vehicles were let in to the bays of one type and have not left; how many of them were read
-- inside. Whoever lets one in locks the rows of that place.
CREATE TABLE bays (
    place TEXT NOT NULL,
    bay_type TEXT NOT NULL,
    spaces {int} NOT NULL CHECK (spaces >= 0),
    admitted {int} NOT NULL CHECK (admitted >= 0),
    entered {int} NOT NULL CHECK (entered >= 0 AND entered <= admitted),
    changed_at {int} NOT NULL,
    PRIMARY KEY (place, bay_type)
) {strict};

CREATE INDEX bays_by_change ON bays (changed_at);

-- What a gate has asked, and what it was answered.
CREATE TABLE admissions (
    id TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    place TEXT NOT NULL,
    bay_type TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- Of the credential; empty once it was erased.
    value TEXT NOT NULL,
    -- The vehicle, where it is known.
    plate TEXT,
    holder TEXT REFERENCES holders (id),
    right_id TEXT REFERENCES rights (id),
    at {int} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('refused', 'expected', 'inside', 'left', 'lapsed')),
    reason TEXT CHECK ((reason IS NOT NULL) = (state = 'refused')),
    factor TEXT,
    entry_id TEXT,
    left_at {int},
    answer TEXT NOT NULL
) {strict};

-- Nobody is inside twice.
CREATE UNIQUE INDEX admissions_now ON admissions (kind, value) WHERE state IN ('expected', 'inside');
CREATE INDEX admissions_by_plate ON admissions (plate, at);
CREATE INDEX admissions_by_holder ON admissions (holder, at);
CREATE INDEX admissions_by_right ON admissions (right_id) WHERE state IN ('expected', 'inside');
CREATE INDEX admissions_by_entry ON admissions (entry_id);
CREATE INDEX admissions_by_leaving ON admissions (left_at) WHERE left_at IS NOT NULL;
CREATE INDEX admissions_expected ON admissions (at) WHERE state = 'expected';

-- Money set aside for a stay that has begun, named by its admission.
CREATE TABLE holds (
    id TEXT PRIMARY KEY REFERENCES admissions (id),
    holder TEXT NOT NULL REFERENCES holders (id),
    amount {int} NOT NULL CHECK (amount > 0),
    -- How it ended; none: it is open.
    ended TEXT CHECK (ended IN ('captured', 'void', 'expired'))
) {strict};

CREATE INDEX holds_open ON holds (holder) WHERE ended IS NULL;

-- Double entry: never changed, never deleted.
CREATE TABLE transfers (
    number {serial},
    key TEXT NOT NULL UNIQUE,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL CHECK (credit <> debit),
    amount {int} NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    what TEXT NOT NULL,
    session TEXT,
    by_whom TEXT NOT NULL,
    note TEXT NOT NULL,
    at {int} NOT NULL
) {strict};

{only_added transfers}

CREATE INDEX transfers_by_debit ON transfers (debit, number);
CREATE INDEX transfers_by_credit ON transfers (credit, number);

-- What each stay costs, by the revision that says so.
CREATE TABLE bills (
    session TEXT NOT NULL,
    revision {int} NOT NULL,
    admission TEXT REFERENCES admissions (id),
    holder TEXT REFERENCES holders (id),
    place TEXT NOT NULL,
    bay_type TEXT NOT NULL,
    entry_at {int} NOT NULL,
    exit_at {int} NOT NULL,
    state TEXT NOT NULL,
    currency TEXT NOT NULL,
    total {int} NOT NULL CHECK (total >= 0),
    taken {int} NOT NULL CHECK (taken >= 0),
    owed {int} NOT NULL CHECK (owed >= 0),
    paid {int} NOT NULL CHECK (paid >= 0),
    bill TEXT,
    why TEXT,
    PRIMARY KEY (session, revision)
) {strict};

-- Of one session one bill stands, and of one admission.
CREATE UNIQUE INDEX bills_of_session ON bills (session) WHERE state <> 'reversed';
CREATE UNIQUE INDEX bills_of_admission ON bills (admission) WHERE state <> 'reversed' AND admission IS NOT NULL;
CREATE INDEX bills_by_state ON bills (state, exit_at);
CREATE INDEX bills_by_holder ON bills (holder, exit_at);
