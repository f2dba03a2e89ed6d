//! What the system lets this process do: how many descriptors it may have, who may read the files
//! that it makes.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

/// Kept from others for each file and directory that is made from now on: all rights of strangers,
/// the group's right to write. Plates are personal data (G8).
const KEPT_FROM_OTHERS: u32 = 0o027;
/// More than anybody needs; a container may allow a thousand million, and some programs go through
/// all of them.
const DESCRIPTORS_MAX: u64 = 65_536;

/// Files are made 0640 and directories 0750, or narrower where that was set already.
pub fn keep_files_from_others() {
    let narrowest = Mode::from_raw_mode(0o777);
    let before = umask(narrowest);
    umask(before | Mode::from_raw_mode(KEPT_FROM_OTHERS));
}

/// Takes as many descriptors as the system grants; answers how many that are. The usual limit of
/// 1,024 is one that a process may raise by itself.
pub fn raise_descriptors() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(DESCRIPTORS_MAX).min(DESCRIPTORS_MAX);
    let has = current.unwrap_or(DESCRIPTORS_MAX);
    if has >= wanted {
        return has;
    }
    let raised = Rlimit { current: Some(wanted), maximum };
    if setrlimit(Resource::Nofile, raised).is_ok() { wanted } else { has }
}
