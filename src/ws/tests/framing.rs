//! §5: frames.

use super::*;

#[test]
fn frames_are_read_as_section_5_says() {
    check_table(&[
        ("F01", "81 85 37 fa 21 3d 7f 9f 4d 51 58", "text Hello"),
        ("F02", "81 80 37 fa 21 3d", "text"),
        ("F03", "82 80 37 fa 21 3d", "binary"),
        ("F05", "81 85 00 00 00 00 48 65 6c 6c 6f", "text Hello"),
        (
            "F07",
            "81 81 37 fa 21 3d 56 81 81 37 fa 21 3d 55 89 80 37 fa 21 3d 88 82 37 fa 21 3d 34 12",
            "text a, text b, pong, close 1000",
        ),
        ("F10", "81 05 48 65 6c 6c 6f", "close 1002"),
        ("F11", "89 05 48 65 6c 6c 6f", "close 1002"),
        ("F12", "88 02 03 e8", "close 1002"),
    ]);
}

#[test]
fn an_idle_endpoint_is_small() {
    assert!(size_of::<Endpoint>() <= 64, "{}", size_of::<Endpoint>());
}
