//! Bytes and text of files, whatever they are compressed or encoded by.

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;

/// The file's bytes as they come, decompressed where they are gzip's.
///
/// # Errors
/// A sentence without the file's name.
fn plain(path: &Path) -> Result<Box<dyn BufRead>, String> {
    let mut file = BufReader::with_capacity(CHUNK, File::open(path).map_err(|e| format!("cannot be opened: {e}"))?);
    let start = file.fill_buf().map_err(|e| format!("cannot be read: {e}"))?;
    if start.starts_with(b"\x1f\x8b") {
        return Ok(Box::new(BufReader::with_capacity(CHUNK, MultiGzDecoder::new(file))));
    }
    for (mark, what) in [
        (&b"PK\x03\x04"[..], "a ZIP archive or a spreadsheet; unpack it, or export it as CSV"),
        (b"BZh", "compressed by bzip2; unpack it, or compress it by gzip"),
        (b"\xfd7zXZ", "compressed by xz; unpack it, or compress it by gzip"),
        (b"\x28\xb5\x2f\xfd", "compressed by zstd; unpack it, or compress it by gzip"),
        (b"PAR1", "a Parquet file, which is not read; export it as CSV or .npy"),
    ] {
        if start.starts_with(mark) {
            return Err(format!("is {what}"));
        }
    }
    Ok(Box::new(file))
}

/// All bytes of a file, decompressed.
///
/// # Errors
/// A sentence without the file's name.
pub fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    plain(path)?.take(most + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > most {
        return Err(format!("has more than {most} bytes, which is the most that is read; cut it into several files"));
    }
    Ok(bytes)
}

/// The file's text in UTF-8, without a byte order mark, and its first part to look at.
///
/// # Errors
/// A sentence without the file's name.
pub fn open(path: &Path) -> Result<(Box<dyn BufRead>, Vec<u8>), String> {
    let mut raw = plain(path)?;
    let start = raw.fill_buf().map_err(unread)?;
    if start.starts_with(b"\xff\xfe\0\0") || start.starts_with(b"\0\0\xfe\xff") {
        return Err("is UTF-32, which is not read; save it as UTF-8".into());
    }
    let encoding = utf16(start);
    let marked = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    let mut text: Box<dyn BufRead> = match encoding {
        None if !marked => {
            if start.starts_with(b"\xef\xbb\xbf") {
                raw.consume(3);
            }
            raw
        }
        _ => {
            let decoded = DecodeReaderBytesBuilder::new().encoding(encoding).build(raw);
            Box::new(BufReader::with_capacity(CHUNK, decoded))
        }
    };
    let mut head = Vec::new();
    (&mut text).take(CHUNK as u64).read_to_end(&mut head).map_err(unread)?;
    // Only whole lines show what the file is like.
    let whole = if head.len() < CHUNK {
        head.len()
    } else {
        head.iter().rposition(|b| *b == b'\n').map_or(head.len(), |n| n + 1)
    };
    let shown = head.get(..whole).unwrap_or(&head).to_vec();
    Ok((Box::new(std::io::Cursor::new(head).chain(text)), shown))
}

/// UTF-16 without a byte order mark, told by the zeros that letters and digits leave.
fn utf16(start: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let start = start.get(..start.len().min(512) & !1)?;
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), start.len() / 2);
    if half == 0 {
        return None;
    }
    match (10 * even > 9 * half, 10 * odd > 9 * half) {
        (false, true) => Some(encoding_rs::UTF_16LE),
        (true, false) => Some(encoding_rs::UTF_16BE),
        _ => None,
    }
}

/// Why bytes could not be read, in words.
pub fn unread(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "ends early: it was cut short; copy it again".into(),
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => format!("is damaged: {error}"),
        _ => format!("cannot be read: {error}"),
    }
}
