//! Packages of Python that some tests need: fetched into the folder of what is built, where that can be done.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder with the module `name`, which `requirement` brings; `None`, and a word of it, where it is not there
/// and cannot be installed.
pub fn package(name: &str, requirement: &str) -> Option<PathBuf> {
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().join(name);
    let is_there = |path: &Path| {
        let mut tried = Command::new("python3");
        let import = format!("import {name}");
        tried.args(["-c", &import]).env("PYTHONPATH", path).stderr(Stdio::null());
        tried.status().is_ok_and(|status| status.success())
    };
    let install = ["-m", "pip", "install", "-q", "--timeout", "10", "--target"];
    if !is_there(&target) {
        let pip = Command::new("python3").args(install).arg(&target).arg(requirement).output();
        eprintln!("pip install {requirement}: {pip:?}");
    }
    if !is_there(&target) {
        eprintln!("NOT RUN: what needs {name}, because it is not there and cannot be installed");
        return None;
    }
    Some(target)
}
