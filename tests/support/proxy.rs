//! Between the program and the stand-in for AWS: each request meets the fate that the test's plan has for it.

use std::fmt;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::daemon::Process;
use super::exchange::{Asked, Request, forward, send};

/// What becomes of a request: whether AWS gets it, and what the program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) reaches: bool,
    pub(crate) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The answer, where there is one.
    Answer,
    /// `kill -9` of the program, which gets nothing.
    Kill,
    /// The connection is cut.
    Cut,
    /// A 200 of the right type that is no JSON.
    Garbled,
    /// A 200 that promises more than comes.
    Half,
    /// The 200 of a proxy that wants somebody to log in.
    Page,
    /// Nothing, until the program gives up.
    Stall,
}

impl Fate {
    pub(crate) const PASS: Self = Self {
        reaches: true,
        end: End::Answer,
    };
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.reaches { "after" } else { "before" };
        write!(f, "{:?} {side} the effect", self.end)
    }
}

/// Asked for each request, one at a time.
type Plan = Box<dyn FnMut(&Asked) -> Fate + Send>;

/// Ends when it is dropped.
pub(crate) struct Proxy {
    /// Host and port.
    pub(crate) address: String,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

struct Shared {
    upstream: String,
    plan: Mutex<Plan>,
    victim: Mutex<Option<Process>>,
    closed: AtomicBool,
}

impl Proxy {
    pub(crate) fn start(upstream: &str, plan: impl FnMut(&Asked) -> Fate + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            plan: Mutex::new(Box::new(plan)),
            victim: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let listening = named("proxy", move || listen(&listener, &serving));
        Self {
            address,
            shared,
            listening: Some(listening),
        }
    }

    /// Whom [`End::Kill`] kills.
    pub(crate) fn aim(&self, process: Process) {
        *self.shared.victim.lock().expect("no panic") = Some(process);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees this.
        TcpStream::connect(&self.address).ok();
        self.listening.take().map(JoinHandle::join);
    }
}

fn named(name: &str, run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.expect("a thread")
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closed.load(Ordering::SeqCst) {
            return;
        }
        let (stream, shared) = (stream.expect("a connection"), Arc::clone(shared));
        // A connection that breaks is the program's to notice.
        named("proxied", move || drop(shared.serve(stream)));
    }
}

impl Shared {
    /// One request for each connection.
    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let Some(request) = Request::read(&stream)? else {
            return Ok(());
        };
        let asked = request.asked();
        let mut plan = self.plan.lock().expect("no panic");
        let fate = plan(&asked);
        // Nothing else gets through until the program is dead.
        let held = (fate.end == End::Kill).then_some(plan);
        let answered = match fate.reaches {
            true => forward(&self.upstream, &request)?,
            false => Vec::new(),
        };
        if held.is_some() {
            let victim = self.victim.lock().expect("no panic");
            victim.as_ref().expect("somebody to kill").kill();
            return Ok(());
        }
        send(&mut stream, fate.end, &answered)
    }
}
