use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use super::*;

/// A directory that is removed with this.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let dir =
            std::env::temp_dir().join(format!("chinwag-files-{}-{number}", std::process::id()));
        Self(dir)
    }

    fn store(&self, live: &[Hash]) -> Store {
        Store::open(&self.0, live.iter().copied().collect(), 0, || {}).unwrap()
    }

    /// Returns the names in the directory.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[expect(clippy::disallowed_methods, reason = "a deadline of a test")]
fn next(store: &Store) -> Outcome {
    let until = Instant::now() + Duration::from_secs(30);
    while Instant::now() < until {
        if let Some(outcome) = store.next() {
            return outcome;
        }
        thread::yield_now();
    }
    panic!("no outcome");
}

fn receive(store: &Store, upload: u64, parts: &[&[u8]]) -> Contents {
    store.begin(upload);
    for part in parts {
        store.write(upload, part.to_vec());
        assert_eq!(next(store), Outcome::Written { upload, bytes: part.len() });
    }
    store.finish(upload);
    let Outcome::Received { contents, .. } = next(store) else { panic!("not received") };
    contents
}

fn keep(store: &Store, upload: u64, parts: &[&[u8]]) -> Contents {
    let contents = receive(store, upload, parts);
    store.keep(upload);
    assert_eq!(next(store), Outcome::Kept { upload });
    contents
}

/// The SHA-256 of `abc`, FIPS 180-4.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn a_blob_has_the_name_of_its_hash_and_is_the_owners_alone() {
    let scratch = Scratch::new();
    let store = scratch.store(&[]);
    let contents = receive(&store, 1, &[b"a", b"bc"]);
    assert_eq!((contents.bytes, name(&contents.hash).as_str()), (3, ABC));
    assert_eq!(scratch.names(), ["1.part"]);
    store.keep(1);
    assert_eq!(next(&store), Outcome::Kept { upload: 1 });
    assert_eq!(scratch.names(), [ABC]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&scratch.0), mode(&scratch.0.join(ABC))), (0o700, 0o600));
    assert_eq!(store.bytes(), 3);
    store.read(7, contents.hash, 1, 2);
    assert_eq!(next(&store), Outcome::Read { download: 7, bytes: Some(b"bc".to_vec()) });
    store.read(8, contents.hash, 2, 2);
    assert_eq!(next(&store), Outcome::Read { download: 8, bytes: None });
    assert!(check(&scratch.0, &contents.hash, 3).is_ok());
}

#[test]
fn the_same_bytes_are_stored_once_and_removed_once() {
    let scratch = Scratch::new();
    let store = scratch.store(&[]);
    let hash = keep(&store, 1, &[b"abc"]).hash;
    assert_eq!(keep(&store, 2, &[b"ab", b"c"]).hash, hash);
    assert_eq!((scratch.names().len(), store.bytes()), (1, 3));
    store.remove(hash);
    store.remove(hash);
    keep(&store, 3, &[b""]);
    assert_eq!((scratch.names().len(), store.bytes()), (1, 0));
}

#[test]
fn a_removal_before_a_blob_is_kept_again_does_not_take_it_away() {
    let scratch = Scratch::new();
    let store = scratch.store(&[]);
    let hash = keep(&store, 1, &[b"abc"]).hash;
    assert_eq!(receive(&store, 2, &[b"abc"]).hash, hash);
    store.remove(hash);
    store.keep(2);
    assert_eq!(next(&store), Outcome::Kept { upload: 2 });
    assert_eq!((scratch.names(), store.bytes()), (vec![ABC.to_owned()], 3));
}

#[test]
fn a_discarded_upload_leaves_nothing() {
    let scratch = Scratch::new();
    let store = scratch.store(&[]);
    receive(&store, 1, &[b"abc"]);
    store.discard(1);
    store.write(1, b"d".to_vec());
    store.finish(1);
    keep(&store, 2, &[b"abc"]);
    assert_eq!(scratch.names(), [ABC]);
}

#[test]
fn what_a_crash_left_is_removed_at_the_start_and_what_is_live_stays() {
    let scratch = Scratch::new();
    let first = scratch.store(&[]);
    let hash = keep(&first, 1, &[b"abc"]).hash;
    keep(&first, 2, &[b"orphan"]);
    drop(first);
    fs::write(scratch.0.join("9.part"), "half").unwrap();
    let store = scratch.store(&[hash]);
    keep(&store, 9, &[b""]);
    assert!(scratch.names().contains(&ABC.to_owned()));
    assert_eq!((scratch.names().len(), store.bytes()), (2, 3));
}

#[test]
fn a_start_removes_nothing_that_the_store_did_not_write() {
    let scratch = Scratch::new();
    let names = ["thesis.txt", "1.partial", ".part", "x.part", &ABC[1..], &ABC.to_uppercase()];
    fs::create_dir(&scratch.0).unwrap();
    for name in names {
        fs::write(scratch.0.join(name), name).unwrap();
    }
    fs::create_dir(scratch.0.join(ABC)).unwrap();
    for left in ["7.part", &format!("{ABC}.part"), &ABC.replace('b', "0")] {
        fs::write(scratch.0.join(left), "left").unwrap();
    }
    keep(&scratch.store(&[]), 1, &[b"x"]);
    let found = scratch.names();
    for name in names.iter().chain(&[ABC]) {
        assert!(found.contains(&(*name).to_owned()), "{name} is gone: {found:?}");
    }
    assert_eq!(found.len(), names.len() + 2, "{found:?}");
}

#[test]
fn uploads_leave_some_of_the_disk_free() {
    let scratch = Scratch::new();
    let store = scratch.store(&[]);
    store.spare(u64::MAX);
    store.begin(1);
    store.write(1, b"abc".to_vec());
    store.finish(1);
    assert_eq!(next(&store), Outcome::Failed { upload: 1, full: true });
    store.spare(0);
    keep(&store, 2, &[b"abc"]);
    assert_eq!(scratch.names(), [ABC]);
}

#[test]
fn a_blob_is_copied_whole_or_not_at_all() {
    let (from, to) = (Scratch::new(), Scratch::new());
    let hash = keep(&from.store(&[]), 1, &[b"abc"]).hash;
    make_dir(&to.0).unwrap();
    let copied = || copy(&from.0, &to.0, &hash, 3);
    fs::write(to.0.join(format!("{ABC}.part")), "left").unwrap();
    copied().unwrap();
    let mode = fs::metadata(to.0.join(ABC)).unwrap().permissions().mode() & 0o777;
    assert_eq!((to.names(), mode), (vec![ABC.to_owned()], 0o600));
    // What is there is not copied again, and what is damaged is.
    fs::remove_file(from.0.join(ABC)).unwrap();
    copied().unwrap();
    fs::write(to.0.join(ABC), "abd").unwrap();
    assert!(matches!(check(&to.0, &hash, 3), Err(Fault::Damaged)));
    assert!(matches!(copied(), Err(Fault::Missing)));
    fs::write(from.0.join(ABC), "abd").unwrap();
    assert!(matches!(copied(), Err(Fault::Damaged)));
    fs::write(from.0.join(ABC), "abc").unwrap();
    copied().unwrap();
    assert_eq!(to.names(), [ABC]);
    assert!(check(&to.0, &hash, 3).is_ok() && check(&to.0, &hash, 4).is_err());
    fs::write(to.0.join("other"), "").unwrap();
    assert_eq!(names(&to.0).unwrap(), [ABC]);
    fs::remove_dir_all(&to.0).unwrap();
    assert!(matches!(copied(), Err(Fault::Failed(_))));
    assert!(names(&to.0).unwrap().is_empty());
}

#[test]
fn an_upload_that_cannot_be_written_fails_once() {
    let scratch = Scratch::new();
    let store = scratch.store(&[]);
    keep(&store, 1, &[b"abc"]);
    fs::remove_dir_all(&scratch.0).unwrap();
    store.begin(2);
    assert_eq!(next(&store), Outcome::Failed { upload: 2, full: false });
    store.write(2, b"x".to_vec());
    store.finish(2);
    store.begin(3);
    assert_eq!(next(&store), Outcome::Failed { upload: 3, full: false });
}

#[test]
fn the_bytes_decide_the_type() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0";
    let webm = [&b"\x1a\x45\xdf\xa3\x42\x82\x84webm"[..], &[0; 300]].concat();
    for (bytes, media_type, dimensions) in [
        (&png[..], "image/png", Some((2, 3))),
        (b"GIF89a\x05\0\x07\0=1;alert(1)//", "image/gif", Some((5, 7))),
        (b"\xff\xd8\xff\xc0\0\x11\x08\0\x04\0\x06\x03", "image/jpeg", Some((6, 4))),
        (b"\xff\xd8\xff", "image/jpeg", None),
        (b"%PDF-1.7", "application/pdf", None),
        (b"\0\0\0\x18ftypisom", "video/mp4", None),
        (&webm, "video/webm", None),
        (b"OggS", "audio/ogg", None),
        (b"ID3\x04", "audio/mpeg", None),
        (b"hello\r\n\t", "text/plain", None),
        ("h\u{e9}".as_bytes(), "text/plain", None),
        (b"cut \xc3", "text/plain", None),
        (b"", BYTES, None),
        (b"\xef\xbb\xbf \n<html>", BYTES, None),
        (b"<!DOCTYPE html><script>", BYTES, None),
        (b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", BYTES, None),
        (b"<svg onload=alert(1)>", BYTES, None),
        (b"caf\xe9!", BYTES, None),
        (b"a\0b", BYTES, None),
        (b"PK\x03\x04", BYTES, None),
        (b"\x7fELF", BYTES, None),
        (b"BM", BYTES, None),
    ] {
        let found = media::media_type(bytes);
        assert_eq!(
            (found, media::dimensions(found, bytes)),
            (media_type, dimensions),
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
        assert_eq!(is_shown(found), found != BYTES);
    }
}

#[test]
fn no_bytes_make_the_search_for_a_type_panic() {
    let heads: [&[u8]; 5] = [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\xff\xc0\0\x11\x08\0\x04\0\x06\x03",
        b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\0\0\x02\0\0",
        b"GIF89a\x05\0\x07\0",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1\0\0\0\x40meta\0\0\0\0\0\0\0\x30iprp\0\0\0\x28ipco\0\0\0\x14ispe\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize
    };
    for round in 0..50_000 {
        let mut bytes = heads[round % heads.len()].to_vec();
        bytes.extend((0..random() % 64).map(|_| random() as u8));
        for _ in 0..random() % 6 {
            let at = random() % bytes.len();
            bytes[at] = random() as u8;
        }
        bytes.truncate(random() % (bytes.len() + 1));
        media::dimensions("image/png", &bytes);
        media::media_type(&bytes);
    }
}
