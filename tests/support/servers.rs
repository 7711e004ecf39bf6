//! Real servers for login tests, each in a directory of its own, stopped when dropped.

#![expect(clippy::disallowed_methods, reason = "real servers take real time")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

const START_LIMIT: Duration = Duration::from_secs(60);

/// An authority and a certificate of it for `localhost` alone, in PEM: `ca.pem`, `server.pem`, `server.key`.
pub(crate) fn write_certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("server.pem"), server.pem()).unwrap();
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

/// A server that is ready for logins.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
    engine: Engine,
    command: Command,
    process: Child,
}

#[derive(Clone, Copy)]
enum Engine {
    MariaDb,
    Postgres,
}

impl Server {
    fn start(folder: TempDir, port: u16, engine: Engine, mut command: Command) -> Self {
        let process = command.spawn().unwrap();
        let mut server = Self {
            port,
            folder,
            engine,
            command,
            process,
        };
        server.until_ready();
        server
    }

    /// Starts it again with further settings, on the data it has.
    pub(crate) fn restart_with(&mut self, arguments: &[&str]) {
        self.command.args(arguments);
        self.restart(|_| {});
    }

    /// Starts PostgreSQL again as a standby of nobody: it recovers for ever, and takes logins that only read.
    pub(crate) fn restart_as_standby(&mut self) {
        self.restart(|data| fs::write(data.join("standby.signal"), "").unwrap());
    }

    fn restart(&mut self, change: impl FnOnce(&Path)) {
        self.stop();
        change(&self.folder.path().join("data"));
        self.process = self.command.spawn().unwrap();
        self.until_ready();
    }

    /// Ends it as an administrator does, with all data written.
    pub(crate) fn stop(&mut self) {
        let signal = match self.engine {
            Engine::MariaDb => "-TERM",
            Engine::Postgres => "-INT",
        };
        run(Command::new("kill").args([signal, &self.process.id().to_string()]));
        assert!(self.process.wait().unwrap().success(), "it did not end well");
    }

    fn until_ready(&mut self) {
        let (path, port, engine) = (self.folder.path(), self.port, self.engine);
        until_ready(&mut self.process, || {
            let mut probe = match engine {
                Engine::MariaDb => client(&path.join("s"), "SELECT 1"),
                Engine::Postgres => psql(path, port, "SELECT 1"),
            };
            probe.output().unwrap().status.success()
        });
    }

    /// Runs `sql` as the administrator.
    pub(crate) fn execute(&self, sql: &str) {
        match self.engine {
            Engine::MariaDb => run(&mut client(&self.folder.path().join("s"), sql)),
            Engine::Postgres => run(&mut psql(self.folder.path(), self.port, sql)),
        }
    }

    /// Whether `user` gets in from outside with `password`, as an application would.
    pub(crate) fn accepts(&self, user: &str, password: &str) -> bool {
        let port = self.port.to_string();
        let mut command = match self.engine {
            Engine::MariaDb => {
                let mut command = Command::new("mariadb");
                command.args([
                    "--no-defaults",
                    "--protocol=tcp",
                    "--host=127.0.0.1",
                    "--port",
                    &port,
                ]);
                command
                    .args(["--user", user, "--execute", "SELECT 1"])
                    .env("MYSQL_PWD", password);
                command
            }
            Engine::Postgres => {
                let mut command = as_postgres("psql");
                command.args([
                    "-h",
                    "127.0.0.1",
                    "-p",
                    &port,
                    "-U",
                    user,
                    "-d",
                    "postgres",
                    "-c",
                    "SELECT 1",
                ]);
                command.env("PGPASSWORD", password);
                command
            }
        };
        command.output().unwrap().status.success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
}

/// Tries until the server takes commands; a server that ended says so.
fn until_ready(process: &mut Child, mut probe: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !probe() {
        assert!(process.try_wait().unwrap().is_none(), "the server ended");
        assert!(begin.elapsed() < START_LIMIT, "the server is not ready");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// MariaDB with `sql` run in it. Without `tls` it offers none.
pub(crate) fn mariadb(tls: bool, sql: &str) -> Server {
    let folder = TempDir::with_prefix("mdb").unwrap();
    let (path, port) = (folder.path(), free_port());
    write_certificates(path);
    let data = path.join("data");
    let socket = path.join("s");
    // A server that starts removes what it takes for its own temporary tables: each has a folder for them.
    run(Command::new("mariadb-install-db")
        .env("TMPDIR", path)
        .args([
            "--no-defaults",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ])
        .args(server_user())
        .arg(format!("--datadir={}", data.display())));
    let mut command = Command::new("mariadbd");
    command
        .env("TMPDIR", path)
        .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"])
        .args(server_user())
        .args(["--innodb-buffer-pool-size=8M", "--plugin-load-add=auth_ed25519"])
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", socket.display()))
        .arg(format!("--port={port}"));
    if tls {
        command
            .arg(format!("--ssl-cert={}", path.join("server.pem").display()))
            .arg(format!("--ssl-key={}", path.join("server.key").display()));
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server::start(folder, port, Engine::MariaDb, command);
    server.execute(sql);
    server
}

/// MariaDB runs as root only where it is told to.
fn server_user() -> Option<&'static str> {
    is_root().then_some("--user=root")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn client(socket: &Path, sql: &str) -> Command {
    let mut command = Command::new("mariadb");
    command
        .args(["--no-defaults", "--user=root"])
        .arg(format!("--socket={}", socket.display()));
    command.args(["--execute", sql]);
    command
}

/// PostgreSQL with `rules` as its pg_hba.conf for TCP and `sql` run in it. Without `tls` it offers none.
pub(crate) fn postgres(tls: bool, rules: &str, sql: &[&str]) -> Server {
    let folder = TempDir::with_prefix("pg").unwrap();
    let (path, port) = (folder.path(), free_port());
    write_certificates(path);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(path.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
    if is_root() {
        let (user, group) = postgres_ids();
        for name in ["", "server.key", "server.pem"] {
            chown(path.join(name), Some(user), Some(group)).unwrap();
        }
    }
    let data = path.join("data");
    run(as_postgres("initdb")
        .args(["--no-sync", "--auth=trust", "-U", "postgres", "-D"])
        .arg(&data));
    fs::write(data.join("pg_hba.conf"), format!("local all all trust\n{rules}")).unwrap();
    let settings = format!(
        "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{0}'\nfsync = off\nssl = {1}\n\
         ssl_cert_file = '{0}/server.pem'\nssl_key_file = '{0}/server.key'\n",
        path.display(),
        if tls { "on" } else { "off" }
    );
    fs::write(data.join("postgresql.auto.conf"), settings).unwrap();
    let log = fs::File::create(path.join("log")).unwrap();
    let mut command = as_postgres("postgres");
    command.arg("-D").arg(&data).stdout(Stdio::null()).stderr(log);
    let server = Server::start(folder, port, Engine::Postgres, command);
    for statement in sql {
        server.execute(statement);
    }
    server
}

fn psql(folder: &Path, port: u16, sql: &str) -> Command {
    let mut command = as_postgres("psql");
    command.args([
        "-v",
        "ON_ERROR_STOP=1",
        "-U",
        "postgres",
        "-d",
        "postgres",
        "-c",
        sql,
    ]);
    command.arg("-h").arg(folder).arg("-p").arg(port.to_string());
    command
}

/// Debian keeps the server's programs out of the path. PostgreSQL refuses to run as root, anybody else runs it.
fn as_postgres(program: &str) -> Command {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("Debian's package `postgresql`");
    let newest = versions
        .map(|entry| entry.unwrap().path())
        .max()
        .expect("Debian's package `postgresql`");
    let program = newest.join("bin").join(program);
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

fn postgres_ids() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("Debian's package `postgresql`");
    let mut ids = line.split(':').skip(2).map(|id| id.parse().unwrap());
    (ids.next().unwrap(), ids.next().unwrap())
}
