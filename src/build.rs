//! Tells Cargo that files put into `web/` or taken out change the program: on its own it only
//! watches the files that were there before.

fn main() {
    println!("cargo::rerun-if-changed=web");
}
