//! Bays to be given away: how many there are, who has one, and who is on the way. Pure.

/// What is known of the bays of one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Supply {
    /// How many there are.
    pub spaces: u32,
    /// Vehicles that were let in and have not left.
    pub admitted: u32,
    /// Those of them that were read inside.
    pub entered: u32,
    /// Bays kept for reservations whose time has come.
    pub reserved: u32,
    /// Vehicles inside, as the reads and the people say, admitted or not.
    pub derived: u32,
}

impl Supply {
    /// Who was admitted, or has reserved.
    pub fn committed(self) -> u32 {
        self.admitted.saturating_add(self.reserved)
    }

    /// Who is inside, and who is on the way.
    pub fn estimate(self) -> u32 {
        let expected = self.admitted.saturating_sub(self.entered).saturating_add(self.reserved);
        self.derived.saturating_add(expected)
    }

    /// Bays that can be given away.
    pub fn free(self) -> u32 {
        self.spaces.saturating_sub(self.committed().max(self.estimate()))
    }

    /// The same for who has one of the reservations: its bay is not somebody else's.
    pub fn free_for_its_own(self) -> u32 {
        Self { reserved: self.reserved.saturating_sub(1), ..self }.free()
    }
}
