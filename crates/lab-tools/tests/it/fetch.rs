//! Fetching from a server on loopback: right bytes, wrong ones, cut off, slow, redirected, not there, a full disk; two at
//! once.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, mpsc},
    time::Duration,
};

use lab_model::{Pin, PinSource, Pins};
use lab_tools::{Error, Fetched, Fetching, Network, Options, fetch};
use sha2::Digest as _;

use crate::server::{Server, cut, redirect, status, whole};

/// More than one reading of the client's.
pub(crate) fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).take(300_000).collect()
}

pub(crate) fn pin_of(content: &[u8], program: Option<&str>, ending: &str) -> Pin {
    let url = format!("https://files.example.org/a/thing{ending}");
    Pin {
        name: "thing".into(),
        version: "1.2.3".into(),
        arch: Some("x86_64".into()),
        sha256: sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect(),
        source: PinSource::Tool { url, program: program.map(str::to_owned) },
        verified: None,
        line: 1,
    }
}

pub(crate) struct Place {
    _dir: tempfile::TempDir,
    options: Options,
    network: Network,
}

impl Place {
    pub(crate) fn new(server: &Server) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            root: "/".into(),
            path: "".into(),
            clone: PathBuf::new(),
            tools: dir.path().join("tools"),
            runs: PathBuf::new(),
            cargo: PathBuf::new(),
            pins: Pins::default(),
        };
        let network = Network { mirror: Some(server.address()), patience: Duration::from_secs(20) };
        Self { _dir: dir, options, network }
    }

    pub(crate) fn fetch(&self, pin: &Pin) -> Result<Fetched, Error> {
        fetch(&self.options, &self.network, pin, &mut |_| ())
    }

    /// What lies in the tools' folder.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.options.tools).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.options.tools.join("thing-1.2.3-x86_64/bin/thing")
    }

    pub(crate) fn holds(&self, content: &[u8]) {
        assert!(fs::read(self.program()).unwrap() == content, "what was installed differs");
        assert_eq!(self.left(), ["thing-1.2.3-x86_64"]);
    }
}

#[test]
fn right_bytes() {
    let file = content();
    let pin = pin_of(&file, None, "");
    let server = Server::start({
        let file = file.clone();
        move |_, request| whole(request, &file)
    });
    let place = Place::new(&server);
    let mut told = Vec::new();
    let fetched = fetch(&place.options, &place.network, &pin, &mut |now| told.push(now)).unwrap();
    assert_eq!(fetched, Fetched { path: place.program(), was_there: false });
    place.holds(&file);
    assert_eq!(fs::metadata(place.program()).unwrap().permissions().mode() & 0o777, 0o755);
    let all = file.len() as u64;
    assert_eq!(told.first(), Some(&Fetching { done: 0, total: Some(all) }));
    assert_eq!(told.last(), Some(&Fetching { done: all, total: Some(all) }));
    assert_eq!(server.asked(), [("/mirror/files.example.org/a/thing".to_owned(), None)]);

    assert!(place.fetch(&pin).unwrap().was_there);
    assert_eq!(server.asked().len(), 1, "what is there is not asked for again");
}

#[test]
fn wrong_bytes() {
    let file = content();
    let pin = pin_of(b"something else", None, "");
    let server = Server::start(move |_, request| whole(request, &file));
    let place = Place::new(&server);
    let said = place.fetch(&pin).unwrap_err();
    let Error::WrongHash { expected, found, .. } = &said else { panic!("{said}") };
    assert_eq!(expected, &pin.sha256);
    assert_eq!(found, &pin_of(&content(), None, "").sha256);
    assert_eq!(place.left(), Vec::<String>::new());
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn cut_off_it_goes_on_where_that_was() {
    let file = content();
    let server = Server::start({
        let file = file.clone();
        move |number, request| match number {
            0 => cut(request, &file, 100_000, || ()),
            _ => whole(request, &file),
        }
    });
    let place = Place::new(&server);
    place.fetch(&pin_of(&file, None, "")).unwrap();
    place.holds(&file);
    assert_eq!(server.ranges(), [None, Some("bytes=100000-".to_owned())]);
}

#[test]
fn cut_off_for_good_what_came_is_kept_for_the_next_time() {
    let file = content();
    let pin = pin_of(&file, None, "");
    let server = Server::start({
        let file = file.clone();
        move |number, request| match number {
            0..=2 => cut(request, &file, 100_000, || ()),
            _ => whole(request, &file),
        }
    });
    let place = Place::new(&server);
    let said = place.fetch(&pin).unwrap_err().to_string();
    assert!(said.contains("ended after 100000 of 300000 bytes; 100000 bytes are kept"), "{said}");
    assert_eq!(place.left(), [format!(".partial-{}", pin.sha256)]);
    assert!(!place.program().exists());
    place.fetch(&pin).unwrap();
    place.holds(&file);
    assert_eq!(server.ranges().last(), Some(&Some("bytes=100000-".to_owned())));
}

#[test]
fn a_part_of_another_file_is_thrown_away() {
    let file = content();
    let pin = pin_of(&file, None, "");
    let server = Server::start({
        let file = file.clone();
        move |_, request| whole(request, &file)
    });
    for part in [vec![7; 1000], vec![7; file.len()], vec![7; file.len() + 1000]] {
        let place = Place::new(&server);
        fs::create_dir(&place.options.tools).unwrap();
        fs::write(place.options.tools.join(format!(".partial-{}", pin.sha256)), part).unwrap();
        place.fetch(&pin).unwrap();
        place.holds(&file);
    }
}

#[test]
fn slow_but_steady_comes_whole() {
    let file = content();
    // The server sends a piece once the client has told that it has the one before.
    let (have, told) = mpsc::channel::<u64>();
    let told = Mutex::new(told);
    let server = Server::start({
        let file = file.clone();
        move |_, request| {
            let mut writer = request.into_writer();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len());
            writer.write_all(head.as_bytes()).unwrap();
            let told = told.lock().unwrap();
            let mut sent = 0;
            for piece in file.chunks(10_000) {
                writer.write_all(piece).unwrap();
                writer.flush().unwrap();
                sent += piece.len() as u64;
                while told.recv().unwrap() < sent {}
            }
        }
    });
    let place = Place::new(&server);
    let mut tellings = 0;
    let pin = pin_of(&file, None, "");
    let mut tell = |now: Fetching| {
        tellings += 1;
        have.send(now.done).unwrap();
    };
    fetch(&place.options, &place.network, &pin, &mut tell).unwrap();
    place.holds(&file);
    assert!(tellings > 30, "{tellings}");
}

#[test]
fn a_server_that_falls_silent_is_left_and_asked_again() {
    let file = content();
    let (end, ended) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let server = Server::start({
        let file = file.clone();
        move |number, request| match number {
            // Silent until the test is over.
            0 => cut(request, &file, 50_000, || ended.lock().unwrap().recv().unwrap_or(())),
            _ => whole(request, &file),
        }
    });
    let mut place = Place::new(&server);
    place.network.patience = Duration::from_millis(300);
    place.fetch(&pin_of(&file, None, "")).unwrap();
    drop(end);
    place.holds(&file);
    assert_eq!(server.ranges(), [None, Some("bytes=50000-".to_owned())]);
}

#[test]
fn redirects_are_followed() {
    let file = content();
    let server = Server::start({
        let file = file.clone();
        move |number, request| match request.url() {
            "/there" if number == 1 => cut(request, &file, 100_000, || ()),
            "/there" => whole(request, &file),
            _ => redirect(request, "/there"),
        }
    });
    let place = Place::new(&server);
    place.fetch(&pin_of(&file, None, "")).unwrap();
    place.holds(&file);
    assert_eq!(server.asked()[3], ("/there".to_owned(), Some("bytes=100000-".to_owned())));

    let circle = Server::start(|_, request| redirect(request, "/mirror"));
    let place = Place::new(&circle);
    let said = place.fetch(&pin_of(&content(), None, "")).unwrap_err();
    assert!(matches!(&said, Error::Download { what, .. } if what.contains("redirect")), "{said}");
    assert_eq!(place.left(), Vec::<String>::new());
}

#[test]
fn not_found() {
    let server = Server::start(|_, request| status(request, 404));
    let place = Place::new(&server);
    let said = place.fetch(&pin_of(b"", None, "")).unwrap_err();
    let url = format!("{}/files.example.org/a/thing", server.address());
    assert_eq!(said.to_string(), format!("download {url}: the server answers 404 Not Found"));
    assert!(said.hint().is_some_and(|hint| hint.contains("SIGHTLINE_MIRROR")));
    assert_eq!(place.left(), Vec::<String>::new());
}

#[test]
fn nobody_answers() {
    let server = Server::start(|_, request| status(request, 404));
    let mut place = Place::new(&server);
    drop(server);
    // A port that nobody listens on: it was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    place.network.mirror = Some(format!("http://{free}"));
    let said = place.fetch(&pin_of(b"", None, "")).unwrap_err().to_string();
    assert!(said.contains("refused"), "{said}");
    assert_eq!(place.left(), Vec::<String>::new());
}

/// A file system of its own for as long as this lives.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        let root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let mount =
            || Command::new("mount").args(["-t", "tmpfs", "-o", "size=200k", "tmpfs"]).arg(at).status();
        (root && mount().is_ok_and(|status| status.success())).then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn full_disk() {
    let file = content();
    let server = Server::start({
        let file = file.clone();
        move |_, request| whole(request, &file)
    });
    let place = Place::new(&server);
    let tools = &place.options.tools;
    fs::create_dir(tools).unwrap();
    let Some(small) = Small::mount(tools) else {
        println!("SKIP fetch::full_disk: mounting a tmpfs needs root");
        return;
    };
    // The download does not fit; then it does, but not its copy beside it.
    for length in [300_000, 150_000] {
        let pin = pin_of(&file[..length], None, "");
        let server = Server::start({
            let part = file[..length].to_vec();
            move |_, request| whole(request, &part)
        });
        let network = Network { mirror: Some(server.address()), ..place.network.clone() };
        let said = fetch(&place.options, &network, &pin, &mut |_| ()).unwrap_err();
        assert!(said.to_string().ends_with("No space left on device (os error 28)"), "{said}");
        assert_eq!(place.left(), Vec::<String>::new(), "what was half there takes no more room");
    }
    drop(small);
    place.fetch(&pin_of(&file, None, "")).unwrap();
    place.holds(&file);
}

#[test]
fn two_at_once_fetch_once() {
    let file = content();
    let pin = pin_of(&file, None, "");
    let (second, begun) = mpsc::channel::<()>();
    let begun = Mutex::new(begun);
    let server = Server::start({
        let file = file.clone();
        move |_, request| {
            // The other one has begun, too.
            begun.lock().unwrap().recv().unwrap();
            whole(request, &file);
        }
    });
    let place = Place::new(&server);
    let mut were_there: Vec<bool> = std::thread::scope(|scope| {
        let first = scope.spawn(|| place.fetch(&pin).unwrap().was_there);
        let other = scope.spawn(|| {
            second.send(()).unwrap();
            place.fetch(&pin).unwrap().was_there
        });
        vec![first.join().unwrap(), other.join().unwrap()]
    });
    were_there.sort_unstable();
    assert_eq!(were_there, [false, true]);
    assert_eq!(server.asked().len(), 1);
    place.holds(&file);
}

#[test]
fn what_is_no_file_is_not_fetched() {
    let server = Server::start(|_, request| status(request, 404));
    let pin = Pin { source: PinSource::Crate, ..pin_of(b"", None, "") };
    let said = Place::new(&server).fetch(&pin).unwrap_err();
    assert_eq!(said.to_string(), "fetch thing: it is of kind `crate`, which is not fetched as a file");
    assert_eq!(said.hint(), Some("cargo xtask setup --dev"));
    assert_eq!(server.asked(), []);
}
