//! A camera as it is configured: where it stands, and what its messages leave out.

use chrono_tz::Tz;
use domain::{CameraName, Direction, LaneName, PlaceName};

use crate::{Token, Vendor};

/// One camera, with all that is to be known of its lane and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Its name in the configuration and in the path that it posts to.
    pub name: CameraName,
    /// What it has to show: its own, or that of all cameras; `None`: nothing is asked for.
    pub token: Option<Token>,
    /// Who made it; `None`: each message tells.
    pub vendor: Option<Vendor>,
    /// The way that it watches.
    pub lane: LaneName,
    /// Which way vehicles go there.
    pub role: LaneRole,
    /// The car park that the lane leads into.
    pub place: PlaceName,
    /// The zone of its clock, for times that name none.
    pub zone: Tz,
    /// A read that the camera is less sure of is counted and not published. A read whose confidence
    /// it does not say is published.
    pub min_confidence: f32,
    /// Of a two-way lane: what a vehicle does that drives towards the camera. `None`: only cameras
    /// that say `in` or `out` can tell.
    pub approaching: Option<Direction>,
}

/// Which way vehicles go in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneRole {
    /// In. Whatever direction a camera names.
    Entry,
    /// Vehicles drive out.
    Exit,
    /// Both: the camera's direction decides.
    Both,
}

impl LaneRole {
    /// The word in the configuration.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "entry" => Some(Self::Entry),
            "exit" => Some(Self::Exit),
            "both" => Some(Self::Both),
            _ => None,
        }
    }

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Both => "both",
        }
    }
}
