//! A web server on this machine with one file, which can be slow or faulty.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The faults of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends in the middle of the answer.
    Cut,
    /// The answer never comes.
    Silence,
    /// The answer begins and never ends.
    Stall,
    /// A status such as 500 or 416, without bytes.
    Status(u16),
    /// The whole file with status 200, although a range was asked for.
    IgnoresRanges,
    /// The header tells of fewer bytes than were asked for, and they come.
    Short,
    /// The header tells of another range.
    OtherRange,
    /// The header tells of another size of the file.
    OtherSize,
    /// The file has changed, and the server checks the condition of the request.
    Changed,
    /// The file has changed, and the server ignores the condition of the request.
    ChangedUnnoticed,
    /// The bytes are wrong.
    WrongBytes,
}

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    file: Mutex<Arc<Vec<u8>>>,
    latency: Duration,
    /// Bytes a second over all connections.
    rate: Option<u64>,
    /// When the line is free again.
    free: Mutex<Instant>,
    /// The fault of the next requests, and their number.
    fault: Mutex<Option<(Fault, u32)>>,
    requests: AtomicU64,
    bytes: AtomicU64,
    stopped: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    pub fn start(file: Vec<u8>, latency: Duration, rate: Option<u64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            file: Mutex::new(Arc::new(file)),
            latency,
            rate,
            free: Mutex::new(Instant::now()),
            fault: Mutex::new(None),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if shared.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                thread::spawn(move || state.serve(connection));
            }
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}/models/model.tersor", self.address)
    }

    /// The next `requests` requests meet a fault.
    pub fn fail(&self, fault: Fault, requests: u32) {
        *lock(&self.state.fault) = Some((fault, requests));
    }

    /// Returns the requests and the bytes of files since the last call.
    pub fn take(&self) -> (u64, u64) {
        (self.state.requests.swap(0, Ordering::SeqCst), self.state.bytes.swap(0, Ordering::SeqCst))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // wakes the thread that accepts connections
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    fn next_fault(&self) -> Option<Fault> {
        let mut fault = lock(&self.fault);
        let (kind, left) = (*fault)?;
        *fault = (left > 1).then(|| (kind, left - 1));
        Some(kind)
    }

    /// Answers requests until the client closes the connection.
    fn serve(&self, connection: TcpStream) -> io::Result<()> {
        let mut output = connection.try_clone()?;
        let mut lines = BufReader::new(connection).lines();
        while let Some(request) = lines.next().transpose()? {
            let mut range = None;
            while let Some(header) = lines.next().transpose()?.filter(|header| !header.is_empty()) {
                if let Some((_, bounds)) = header.to_ascii_lowercase().split_once("bytes=") {
                    range = Some(bounds.to_owned());
                }
            }
            self.requests.fetch_add(1, Ordering::SeqCst);
            thread::sleep(self.latency);
            if !request.starts_with("GET /models/model.tersor ") {
                write!(output, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
                continue;
            }
            self.answer(&mut output, range.as_deref())?;
        }
        Ok(())
    }

    fn answer(&self, output: &mut TcpStream, range: Option<&str>) -> io::Result<()> {
        let file = Arc::clone(&lock(&self.file));
        let len = file.len();
        let (start, end) = match range.and_then(|range| range.split_once('-')) {
            None => (0, len),
            Some(("", suffix)) => (len.saturating_sub(suffix.parse().unwrap()), len),
            Some((start, last)) => (start.parse().unwrap(), len.min(last.parse::<usize>().unwrap() + 1)),
        };
        let fault = self.next_fault();
        let (mut status, mut body, mut named, mut size, mut etag) =
            ("206 Partial Content".to_owned(), file[start..end].to_vec(), (start, end), len, "\"1\"");
        match fault {
            Some(Fault::Silence) => {
                thread::sleep(Duration::from_secs(30));
                return Err(io::ErrorKind::TimedOut.into());
            }
            Some(Fault::Status(code)) => {
                write!(output, "HTTP/1.1 {code} Fault\r\nContent-Length: 0\r\n\r\n")?;
                return Ok(());
            }
            Some(Fault::Changed) => {
                write!(output, "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n")?;
                return Ok(());
            }
            Some(Fault::IgnoresRanges) => {
                (status, body) = ("200 OK".to_owned(), file.to_vec());
            }
            Some(Fault::Short) => {
                body.truncate(body.len() / 2);
            }
            Some(Fault::OtherRange) => named = (start + 1, end + 1),
            Some(Fault::OtherSize) => size += 100,
            Some(Fault::ChangedUnnoticed) => etag = "\"2\"",
            Some(Fault::WrongBytes) => body.iter_mut().for_each(|byte| *byte ^= 0x10),
            Some(Fault::Cut | Fault::Stall) | None => {}
        }
        let told = if fault == Some(Fault::Short) { body.len() } else { end - start };
        let told = if fault == Some(Fault::IgnoresRanges) { len } else { told };
        write!(output, "HTTP/1.1 {status}\r\nContent-Length: {told}\r\nETag: {etag}\r\n")?;
        write!(output, "Content-Range: bytes {}-{}/{size}\r\n\r\n", named.0, named.1 - 1)?;
        if matches!(fault, Some(Fault::Cut | Fault::Stall)) {
            output.write_all(&body[..body.len() / 2])?;
            output.flush()?;
            if fault == Some(Fault::Stall) {
                thread::sleep(Duration::from_secs(30));
            }
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        for piece in body.chunks(64 << 10) {
            self.wait_for_line(piece.len());
            output.write_all(piece)?;
            self.bytes.fetch_add(piece.len() as u64, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Waits until the line, which all connections share, has sent `bytes` bytes.
    fn wait_for_line(&self, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let until = {
            let mut free = lock(&self.free);
            *free = (*free).max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / rate as f64);
            *free
        };
        thread::sleep(until.saturating_duration_since(Instant::now()));
    }
}
