//! The built program as a process.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tempfile::TempDir;

use super::standin::Standin;
use super::{http, wait_until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rotation-watchdog");

/// The program, with nothing of this process's environment that could change what it does.
pub(crate) fn program() -> Command {
    bare(Command::new(PROGRAM))
}

/// The program, started by another that it takes the place of.
fn in_place_of(starter: &str, options: &[&str]) -> Command {
    let mut command = Command::new(starter);
    command.args(options).arg(PROGRAM);
    bare(command)
}

fn bare(mut command: Command) -> Command {
    command
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", "/nonexistent");
    command
}

/// A folder with configuration, journal and log, and the address that is asked.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) address: String,
}

impl Home {
    /// `rest` follows the sections that every test has: `store`, `http`, and `aws`, which it may add keys to.
    pub(crate) fn new(standin: &Standin, rest: &str) -> Self {
        Self::asking(&standin.address, rest)
    }

    /// With AWS at this host and port.
    pub(crate) fn asking(aws: &str, rest: &str) -> Self {
        let folder = TempDir::with_prefix("watchdog").expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let home = Self { folder, address };
        let text = format!(
            "[store]\npath = \"{}\"\n[http]\nlisten = \"{}\"\n[aws]\nregion = \"eu-west-1\"\nendpoint_url = \"http://{aws}\"\n{rest}",
            home.journal().display(),
            home.address
        );
        fs::write(home.config(), text).expect("written");
        home
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("watchdog.toml")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.sqlite")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn log_text(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Starts it; the log of all lives is one file.
    pub(crate) fn start(&self) -> Daemon<'_> {
        self.start_as(program())
    }

    /// Starts it where no file may grow.
    pub(crate) fn start_without_room(&self) -> Daemon<'_> {
        self.start_as(in_place_of("prlimit", &["--fsize=0:"]))
    }

    /// Starts it with its journal on a disk of its own, which ends with it; nothing where nobody may mount one.
    pub(crate) fn start_on_small_disk(&self) -> Option<Daemon<'_>> {
        let folder = self.small_disk();
        fs::create_dir(&folder).expect("a folder");
        let folder = folder.display().to_string();
        let mounted = |then: &'static str| {
            let script = "mount -t tmpfs -o size=8m none \"$0\" && exec \"$@\"";
            [
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                script,
                &folder,
                then,
            ]
            .map(str::to_owned)
        };
        let probe = Command::new("unshare").args(mounted("true")).output();
        if !probe.is_ok_and(|probe| probe.status.success()) {
            return None;
        }
        let mut command = bare(Command::new("unshare"));
        command.args(mounted(PROGRAM));
        let journal = format!("{folder}/journal.sqlite");
        command.env("ROTATION_WATCHDOG_STORE__PATH", journal);
        Some(self.start_as(command))
    }

    fn small_disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn start_as(&self, mut program: Command) -> Daemon<'_> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .expect("a log");
        let process = program
            .args(["run", "--config"])
            .arg(self.config())
            .stderr(log)
            .spawn()
            .expect("the program");
        Daemon {
            home: self,
            process: Process::of(process),
        }
    }

    /// Loses the journal, as a container that is replaced loses its disk.
    pub(crate) fn lose_journal(&self) {
        for ending in ["", "-wal", ".lock"] {
            let file = format!("{}{ending}", self.journal().display());
            fs::remove_file(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
    }

    /// Runs it to its end: for starts that must fail.
    pub(crate) fn run(&self) -> Output {
        let mut command = program();
        command.args(["run", "--config"]).arg(self.config());
        run(&mut command)
    }
}

/// Runs a command that must end by itself.
pub(crate) fn run(command: &mut Command) -> Output {
    let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut ending = Ending(spawned.expect("the program"));
    wait_until(
        &format!("the end of {command:?}"),
        || ending.0.try_wait().expect("a process"),
        String::new,
    );
    let mut output = Output {
        status: ending.0.wait().expect("ended"),
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    read(ending.0.stdout.take(), &mut output.stdout);
    read(ending.0.stderr.take(), &mut output.stderr);
    output
}

fn read(pipe: Option<impl Read>, into: &mut Vec<u8>) {
    pipe.expect("piped").read_to_end(into).expect("readable");
}

/// Ends its process, whatever happens to the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A process that somebody else may kill too.
#[derive(Clone)]
pub(crate) struct Process(Arc<Mutex<Child>>);

impl Process {
    fn of(child: Child) -> Self {
        Self(Arc::new(Mutex::new(child)))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether files it writes to may grow: without, its disk is full. The log's too.
    pub(crate) fn give_room(&self, room: bool) {
        let id = self.child().id().to_string();
        let limit = if room { "--fsize=unlimited:" } else { "--fsize=0:" };
        let limited = Command::new("prlimit").args(["--pid", &id, limit]).status();
        assert!(limited.expect("prlimit").success(), "prlimit {limit}");
    }

    /// `kill -9`; returns when it is dead.
    pub(crate) fn kill(&self) {
        let mut child = self.child();
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
}

pub(crate) struct Daemon<'a> {
    pub(crate) home: &'a Home,
    process: Process,
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        self.process.kill();
    }
}

impl Daemon<'_> {
    /// `kill -9`
    pub(crate) fn kill(self) {
        self.process.kill();
    }

    /// SIGTERM, and the end.
    pub(crate) fn terminate(self) -> ExitStatus {
        let id = self.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().expect("kill");
        self.process.child().wait().expect("ended")
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.child().id()
    }

    /// The disk of [`Home::start_on_small_disk`].
    pub(crate) fn small_disk(&self) -> SmallDisk {
        let folder = self.home.small_disk();
        let seen_from_outside = format!("/proc/{}/root{}", self.id(), folder.display());
        SmallDisk(File::open(seen_from_outside).expect("the folder"))
    }

    /// For somebody who is to kill it.
    pub(crate) fn process(&self) -> Process {
        self.process.clone()
    }

    /// Waits until somebody else has killed it.
    pub(crate) fn until_killed(self) {
        let status = self.until("a kill -9", || {
            self.process.child().try_wait().expect("a process")
        });
        assert_eq!(status.signal(), Some(9), "{}", self.home.log_text());
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        http::get(&self.home.address, path)
    }

    pub(crate) fn until_ready(&self) {
        self.until("ready", || self.get("/readyz"));
    }

    /// Waits for something; shows the log where it does not come.
    pub(crate) fn until<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        wait_until(what, look, || self.home.log_text())
    }

    /// Waits until the latest rotation of a secret is in one of these phases; its id.
    pub(crate) fn until_phase(&self, secret: &str, phases: &[&str]) -> String {
        let path = format!("/v1/secrets/{}", secret.replace('/', "%2F"));
        self.until(&format!("{secret} in {phases:?}"), || {
            let view = self.get(&path)?;
            let phase = view["phase"].as_str()?;
            let rotation = view["rotation"].as_str()?;
            phases.contains(&phase).then(|| rotation.to_owned())
        })
    }
}

/// A disk that outlives the process by this handle.
pub(crate) struct SmallDisk(File);

impl SmallDisk {
    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.0.as_raw_fd()))
    }

    /// Fills it to the last page, or takes away what fills it.
    pub(crate) fn give_room(&self, room: bool) {
        let filler = self.file("filler");
        if room {
            return fs::remove_file(filler).expect("a filler");
        }
        let mut filler = File::create(filler).expect("a filler");
        let full = (0..100_000).find_map(|_| filler.write_all(&[0; 4096]).err());
        assert_eq!(full.expect("an end").kind(), ErrorKind::StorageFull);
    }

    /// What the process left of its journal.
    pub(crate) fn copy_journal(&self, home: &Home) {
        fs::copy(self.file("journal.sqlite"), home.journal()).expect("copied");
        assert!(!self.file("journal.sqlite-wal").exists(), "closed whole");
    }
}
