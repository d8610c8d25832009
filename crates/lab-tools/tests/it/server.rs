//! An HTTP server on loopback that does what a test tells it to, and remembers what it was asked.

use std::{
    io::{Cursor, Write as _},
    sync::{Arc, Mutex},
};

use tiny_http::{Header, Request, Response, StatusCode};

/// (path, value of `Range`) of each request.
type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

pub(crate) struct Server {
    http: Arc<tiny_http::Server>,
    asked: Asked,
}

impl Server {
    /// `answer` is called on a thread of its own for each request, with its number from 0.
    pub(crate) fn start(answer: impl Fn(usize, Request) + Send + Sync + 'static) -> Self {
        let http = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let asked = Asked::default();
        let (listening, log, answer) = (Arc::clone(&http), Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for request in listening.incoming_requests() {
                let mut log = log.lock().unwrap();
                let number = log.len();
                log.push((request.url().to_owned(), range(&request)));
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || answer(number, request));
            }
        });
        Self { http, asked }
    }

    /// Its address as a mirror.
    pub(crate) fn address(&self) -> String {
        format!("http://{}/mirror", self.http.server_addr())
    }

    pub(crate) fn asked(&self) -> Vec<(String, Option<String>)> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked for of the file, request by request.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        self.asked().into_iter().map(|(_, range)| range).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.unblock();
    }
}

fn range(request: &Request) -> Option<String> {
    let header = request.headers().iter().find(|header| header.field.equiv("Range"))?;
    Some(header.value.as_str().to_owned())
}

/// Where the part that is asked for begins.
fn start(request: &Request) -> Option<usize> {
    range(request)?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap()
}

/// Answers with the file or the part of it that is asked for.
pub(crate) fn whole(request: Request, file: &[u8]) {
    let Some(start) = start(&request) else {
        // With its length, as release hosts do it.
        let response = Response::from_data(file).with_chunked_threshold(usize::MAX);
        return drop(request.respond(response));
    };
    if start >= file.len() {
        return drop(request.respond(Response::empty(416)));
    }
    let range = format!("bytes {start}-{}/{}", file.len() - 1, file.len());
    let part = file[start..].to_vec();
    let length = part.len();
    let headers = vec![header("Content-Range", &range)];
    let response = Response::new(StatusCode(206), headers, Cursor::new(part), Some(length), None);
    drop(request.respond(response.with_chunked_threshold(usize::MAX)));
}

/// Promises the file from where it is asked for, sends it up to `end`, does `then`, and hangs up.
pub(crate) fn cut(request: Request, file: &[u8], end: usize, then: impl FnOnce()) {
    let start = start(&request);
    let from = start.unwrap_or(0);
    let mut writer = request.into_writer();
    let status = match start {
        Some(start) => {
            format!("206 Partial Content\r\nContent-Range: bytes {start}-{}/{}", file.len() - 1, file.len())
        }
        None => "200 OK".to_owned(),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", file.len() - from);
    // Who hangs up first is the test's business.
    let _ = writer.write_all(head.as_bytes());
    let _ = writer.write_all(&file[from..end.max(from)]);
    let _ = writer.flush();
    then();
}

pub(crate) fn status(request: Request, status: u16) {
    drop(request.respond(Response::empty(status)));
}

pub(crate) fn redirect(request: Request, to: &str) {
    drop(request.respond(Response::empty(302).with_header(header("Location", to))));
}
