use doorward_domain::testing::World;
use doorward_http::{HttpSettings, Services, serve};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A password that keeps every rule.
pub(crate) const PASSWORD: &str = "Corr3ct-horse!";

/// A running server, and the world that it serves. The server ends with the test process.
pub(crate) struct Server {
    pub(crate) world: World,
    address: SocketAddr,
}

/// An answer, as a client sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) text: String,
}

impl Server {
    /// A server with one account, `alice`.
    pub(crate) fn start() -> Self {
        Self::with(HttpSettings::default())
    }

    pub(crate) fn with(settings: HttpSettings) -> Self {
        Self::on(World::with_user("alice", "alice@example.com", PASSWORD), settings)
    }

    /// A server of that world.
    pub(crate) fn on(world: World, settings: HttpSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let services = Services { auth: world.auth.clone(), post: world.post.clone(), gauges: Vec::new() };
        let settings = HttpSettings { workers: Some(1), handle_signals: false, ..settings };
        let (started, wait) = mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let server = serve(services, settings, listener).unwrap();
                started.send(()).unwrap();
                server.await.unwrap();
            });
        });
        wait.recv().unwrap();
        Self { world, address }
    }

    /// A connection, for what no well-behaved client sends.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends a request with these header lines and this body.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        self.send_to("test", method, path, headers, body)
    }

    /// The same to a host of that name.
    pub(crate) fn send_to(
        &self,
        host: &str,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.connect();
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n").into_bytes();
        for header in headers {
            // Header values are bytes: each character stands for one.
            head.extend(header.chars().map(|c| u8::try_from(c).unwrap()));
            head.extend(b"\r\n");
        }
        if !body.is_empty() {
            head.extend(format!("Content-Length: {}\r\n", body.len()).into_bytes());
        }
        head.extend(b"\r\n");
        stream.write_all(&[&head, body].concat()).unwrap();
        read_answer(stream)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub(crate) fn get_as(&self, access: &str, path: &str) -> Answer {
        self.send("GET", path, &[&bearer(access)], b"")
    }

    /// Posts a form, of what needs no escape.
    pub(crate) fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let form_encoded = ["Content-Type: application/x-www-form-urlencoded"];
        self.send("POST", path, &form_encoded, form.join("&").as_bytes())
    }

    /// Posts JSON as it is written.
    pub(crate) fn post(&self, path: &str, body: &(impl ToString + ?Sized)) -> Answer {
        self.send("POST", path, &["Content-Type: application/json"], body.to_string().as_bytes())
    }

    pub(crate) fn post_as(&self, access: &str, path: &str, body: &(impl ToString + ?Sized)) -> Answer {
        self.json_as(access, "POST", path, body)
    }

    pub(crate) fn json_as(
        &self,
        access: &str,
        method: &str,
        path: &str,
        body: &(impl ToString + ?Sized),
    ) -> Answer {
        let headers = ["Content-Type: application/json", &bearer(access)];
        self.send(method, path, &headers, body.to_string().as_bytes())
    }

    /// Logs alice in.
    pub(crate) fn login(&self) -> Tokens {
        let body = serde_json::json!({"username": "alice", "password": PASSWORD});
        let answer = self.post("/api/auth/login/", &body).json();
        let token = |name: &str| answer[name].as_str().unwrap().to_owned();
        Tokens { access: token("access"), refresh: token("refresh") }
    }
}

pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

pub(crate) fn bearer(access: &str) -> String {
    format!("Authorization: Bearer {access}")
}

/// Reads an answer up to the end of the connection.
pub(crate) fn read_answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A server that refuses a body closes while it is sent; what it answered counts.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), text: body.to_owned() }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All that a client sees, but for what no two answers share and the order of headers.
    pub(crate) fn comparable(&self) -> String {
        let own = ["date:", "x-request-id:"];
        let is_own = |line: &str| own.iter().any(|name| line.to_ascii_lowercase().starts_with(name));
        let mut head: Vec<_> = self.head.lines().filter(|line| !is_own(line)).collect();
        head.sort_unstable();
        format!("{}\n\n{}", head.join("\n"), self.text)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// Status and body alone.
    #[track_caller]
    pub(crate) fn assert_plain(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.text.as_str()), (status, body));
    }

    /// Status, body, and the headers that go with them.
    #[track_caller]
    pub(crate) fn assert(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.text.as_str()), (status, body));
        assert_eq!(self.header("content-type"), Some("application/json"));
        let challenge = (status == 401).then_some(r#"Bearer realm="api""#);
        assert_eq!(self.header("www-authenticate"), challenge);
        assert_eq!(self.header("allow").is_some(), status == 405);
    }
}
