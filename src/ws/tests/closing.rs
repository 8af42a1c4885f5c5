//! §7: the closing handshake.

use super::*;

#[test]
fn closes_are_read_as_section_7_says() {
    check_table(&[
        ("C01", "88 80 37 fa 21 3d", "close"),
        ("C02", "88 81 37 fa 21 3d 34", "close 1002"),
    ]);
}
