//! Writes the parts that events are made of.

pub(super) fn list<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            raw(out, ",");
        }
        write(out, item);
    }
}

pub(super) fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn string(out: &mut Vec<u8>, key: &str, value: &str) {
    raw(out, key);
    // Writing a string into a vector cannot fail.
    let _ = serde_json::to_writer(out, value);
}

pub(super) fn number(out: &mut Vec<u8>, key: &str, value: u64) {
    raw(out, key);
    let _ = serde_json::to_writer(out, &value);
}

pub(super) fn text(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        string(out, key, value);
    }
}

pub(super) fn option(out: &mut Vec<u8>, key: &str, value: Option<u64>) {
    if let Some(value) = value {
        number(out, key, value);
    }
}

pub(super) fn boolean(out: &mut Vec<u8>, key: &str, value: bool) {
    raw(out, key);
    raw(out, if value { "true" } else { "false" });
}
