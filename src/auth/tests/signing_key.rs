//! The file of the signing key.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A directory that is removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("chinwag-auth-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("token.key")
    }

    fn put(&self, bytes: &[u8], mode: u32) {
        fs::write(self.file(), bytes).unwrap();
        fs::set_permissions(self.file(), Permissions::from_mode(mode)).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(dir: &Path, random: u8) -> Result<[u8; 32], SigningKeyError> {
    SigningKey::open(dir, [random; 32]).map(|key| key.bytes().try_into().unwrap())
}

#[test]
fn a_key_is_made_once_and_for_its_owner_only() {
    let scratch = Scratch::new();
    assert_eq!(open(&scratch.0, 1).unwrap(), [1; 32]);
    assert_eq!(open(&scratch.0, 2).unwrap(), [1; 32]);
    assert_eq!(fs::read(scratch.file()).unwrap(), [1; 32]);
    assert_eq!(fs::metadata(scratch.file()).unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["token.key"]);
}

#[test]
fn a_temporary_file_of_a_crash_is_replaced() {
    let scratch = Scratch::new();
    let young = scratch.0.join("token.key.new");
    fs::write(&young, b"half").unwrap();
    fs::set_permissions(&young, Permissions::from_mode(0o644)).unwrap();
    assert_eq!(open(&scratch.0, 3).unwrap(), [3; 32]);
    assert_eq!(fs::metadata(scratch.file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!young.exists());
}

#[test]
fn a_key_is_not_written_through_a_link() {
    let scratch = Scratch::new();
    let target = scratch.0.join("target");
    symlink(&target, scratch.0.join("token.key.new")).unwrap();
    assert_eq!(open(&scratch.0, 4).unwrap(), [4; 32]);
    assert!(!target.exists());
}

#[test]
fn a_key_with_loose_permissions_is_refused() {
    let scratch = Scratch::new();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777] {
        scratch.put(&[5; 32], mode);
        let error = open(&scratch.0, 6).unwrap_err();
        assert!(
            matches!(error, SigningKeyError::Open { mode: found, .. } if found == mode),
            "{error:?}"
        );
        let told = error.to_string();
        let path = scratch.file().display().to_string();
        assert!(told.contains(&path) && told.contains(&format!("mode {mode:04o}")), "{told}");
        assert!(told.contains("chmod 600"), "{told}");
        // It is left as it is.
        assert_eq!(fs::read(scratch.file()).unwrap(), [5; 32]);
    }
    for mode in [0o600, 0o400, 0o700] {
        scratch.put(&[5; 32], mode);
        assert_eq!(open(&scratch.0, 6).unwrap(), [5; 32], "{mode:o}");
        fs::remove_file(scratch.file()).unwrap();
    }
}

#[test]
fn a_broken_key_is_refused_and_left_as_it_is() {
    let scratch = Scratch::new();
    for bytes in [&[][..], &[7; 31], &[7; 33], &[0; 32], &[7; 100_000]] {
        scratch.put(bytes, 0o600);
        let error = open(&scratch.0, 8).unwrap_err();
        assert!(matches!(error, SigningKeyError::Broken { .. }), "{error:?}");
        assert!(error.to_string().contains("damaged and was left as it is"), "{error}");
        assert_eq!(fs::read(scratch.file()).unwrap(), bytes);
    }
    fs::remove_file(scratch.file()).unwrap();
    fs::create_dir(scratch.file()).unwrap();
    assert!(matches!(open(&scratch.0, 8), Err(SigningKeyError::Broken { .. })));
}

#[test]
fn a_missing_directory_is_named() {
    let error = open(Path::new("/nowhere"), 1).unwrap_err();
    assert!(error.to_string().starts_with("cannot use the signing key /nowhere/token.key: "));
}
