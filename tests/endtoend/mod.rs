//! The built program against the stand-in for AWS, a real MariaDB and a real PostgreSQL, with applications that log in.

mod applications;
mod doubt;
mod events;
mod numbers;
mod observe;
mod rds;
mod roll_forward;
mod rotation;
mod suspected;

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::daemon::{Daemon, Home};
use crate::support::servers::{Server, mariadb, postgres};
use crate::support::standin::{Call, Standin, text};

/// Every password in these tests, so that output can be searched for them.
const MARKER: &str = "m4rker";

fn password(n: u32) -> String {
    format!("{MARKER}-{n}")
}

/// Two databases, two secrets, three services and two functions that use them.
pub(crate) struct Shop {
    standin: Standin,
    mysql: Database,
    postgres: Database,
    /// The number of the password that each version after the first holds.
    versions: Mutex<BTreeMap<String, u32>>,
}

/// A database, its secret, and the passwords that the secret's versions hold.
pub(crate) struct Database {
    name: &'static str,
    engine: &'static str,
    server: Server,
    secret: String,
}

impl Database {
    fn new(standin: &Standin, name: &'static str, engine: &'static str, server: Server) -> Self {
        let secret = standin.secret(name, &value(engine, &server, 1));
        Self {
            name,
            engine,
            server,
            secret,
        }
    }

    fn change_password(&self, n: u32) {
        let password = password(n);
        let sql = match self.engine {
            "mysql" => format!("SET PASSWORD FOR app@'%' = PASSWORD('{password}')"),
            _ => format!("ALTER ROLE app PASSWORD '{password}'"),
        };
        self.server.execute(&sql);
    }
}

fn value(engine: &str, server: &Server, n: u32) -> Value {
    json!({
        "engine": engine, "host": "127.0.0.1", "port": server.port, "dbname": if engine == "mysql" { "" } else { "postgres" },
        "username": "app", "password": password(n),
    })
}

impl Shop {
    fn open() -> Self {
        let standin = Standin::start();
        let password = password(1);
        let mysql = mariadb(false, &format!("CREATE USER app@'%' IDENTIFIED BY '{password}'"));
        let rules = "host all all 127.0.0.1/32 scram-sha-256\n";
        let postgres = postgres(
            false,
            rules,
            &[&format!("CREATE ROLE app LOGIN PASSWORD '{password}'")],
        );
        let shop = Self {
            mysql: Database::new(&standin, "shop/mysql", "mysql", mysql),
            postgres: Database::new(&standin, "billing/postgres", "postgres", postgres),
            standin,
            versions: Mutex::default(),
        };
        let (mysql, postgres) = (shop.mysql.secret.as_str(), shop.postgres.secret.as_str());
        shop.standin.service("orders", &[mysql]);
        shop.standin.service("checkout", &[mysql, postgres]);
        shop.standin.service("invoices", &[postgres]);
        let variables = |secret: &str| json!({"DATABASE_SECRET": secret, "MODE": "fast"});
        shop.standin.function("mailer", &variables(mysql), None);
        shop.standin.function("receipts", &variables(postgres), Some(7));
        shop
    }

    /// The waits made short; the databases here offer no TLS.
    fn home(&self, mode: &str) -> Home {
        self.home_with(mode, "")
    }

    /// The same with more keys of `[cadence]`.
    fn home_with(&self, mode: &str, cadence: &str) -> Home {
        let rules = format!(
            "[[secrets.rules]]\nprefix = \"billing/\"\nlambda_method = \"concurrency-cycle\"\n\
             login = {{ test = true, tls = \"none\" }}\n\
             [[secrets.rules]]\nall = true\nlogin = {{ test = true, tls = \"none\" }}\n\
             [remediation]\nmode = \"{mode}\"\nsleep_for = \"1s\"\nverify_for = \"2s\"\n\
             [cadence]\nsweep = \"1s\"\nannounced = \"500ms\"\nconsumer = \"500ms\"\n{cadence}"
        );
        Home::new(&self.standin, &rules)
    }

    /// RotateSecret and createSecret. The new version.
    fn create(&self, database: &Database, n: u32) -> String {
        let begin = json!({"secret": database.secret, "step": "start"});
        let version = text(&self.standin.post("rotation", &begin), "version");
        self.versions.lock().expect("no panic").insert(version.clone(), n);
        let value = value(database.engine, &database.server, n).to_string();
        self.step(database, &version, "create", Some(&value));
        version
    }

    fn set(&self, database: &Database, version: &str, n: u32) {
        database.change_password(n);
        self.step(database, version, "set", None);
    }

    fn step(&self, database: &Database, version: &str, step: &str, value: Option<&str>) {
        let engine = if database.engine == "mysql" {
            "MySQL"
        } else {
            "PostgreSQL"
        };
        let mut request =
            json!({"secret": database.secret, "step": step, "version": version, "engine": engine});
        if let Some(value) = value {
            request["value"] = json!(value);
        }
        self.standin.post("rotation", &request);
    }

    /// The number of the password that a version holds.
    fn number_of(&self, version: &str) -> u32 {
        let versions = self.versions.lock().expect("no panic");
        versions.get(version).copied().unwrap_or(1)
    }

    fn written(&self, operation: &str, subject: &str) -> Vec<Call> {
        let mut writes = self.standin.writes();
        writes.retain(|call| call.operation == operation && call.subject == subject);
        writes
    }
}

/// The steps and consumers of a rotation, as the API tells them.
fn timeline(daemon: &Daemon<'_>, rotation: &str) -> Vec<String> {
    let view = daemon
        .get(&format!("/v1/rotations/{rotation}"))
        .expect("the rotation");
    let entries = view["timeline"].as_array().expect("a timeline").iter();
    entries.map(|entry| text(entry, "what")).collect()
}
