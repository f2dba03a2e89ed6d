//! Nothing outlives the tests: no server, no program, no directory, however the test process dies.
//!
//! `Drop` is not enough: a test process that is killed, or that leaves by `exit` with servers in
//! statics, runs none. So all that is started here joins the process group of one small shell,
//! whose standard input is a pipe from the test process. When that process is gone, for whatever
//! reason, the kernel closes the pipe, the shell reads the end of it and kills its whole group.
//! (`PR_SET_PDEATHSIG` is tied to the thread that forked, and a test's thread ends with the test.)

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process};

/// What the shell does: wait for the end of the pipe, then, from a session of its own so that it
/// is not among the killed, kill the group and remove the directory. A process that is being
/// killed may still create a file, hence the second try.
const SCRIPT: &str = r#"
read -r _
setsid sh -c '
    kill -s KILL -- "-$1"
    for _ in 1 2 3 4 5; do rm -rf -- "$2" 2>/dev/null && break; sleep 0.2; done
' sh "$$" "$1" &
wait
"#;

struct Guard {
    group: i32,
    directory: PathBuf,
    /// Its standard input is the pipe; never written to.
    _shell: Child,
}

fn guard() -> &'static Guard {
    static GUARD: OnceLock<Guard> = OnceLock::new();
    GUARD.get_or_init(|| {
        let directory = tempfile::Builder::new().prefix("carpark-tests-").tempdir().unwrap().keep();
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Its own group: Ctrl-C at the terminal must end the tests first and it last.
            .process_group(0)
            .spawn()
            .expect("sh is on every system that runs these tests");
        let group = i32::try_from(shell.id()).unwrap();
        Guard { group, directory, _shell: shell }
    })
}

/// A new directory that is removed when the test process is gone.
pub fn directory(name: &str) -> PathBuf {
    tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .tempdir_in(&guard().directory)
        .unwrap()
        .keep()
}

/// Starts `command` so that it dies with the test process.
pub fn spawn(command: &mut Command) -> Child {
    let program = PathBuf::from(command.get_program());
    command
        .process_group(guard().group)
        .spawn()
        .unwrap_or_else(|e| panic!("{} cannot be started: {e}", program.display()))
}

/// Sends a signal to a child that has not been waited for.
pub fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_child(child);
    kill_process(pid, signal).unwrap_or_else(|e| panic!("signal {signal:?} to {pid:?}: {e}"));
}

/// The last lines of a log, for the report of a failed test.
pub fn tail(log: &Path, lines_max: usize) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(lines_max)..].join("\n")
}
