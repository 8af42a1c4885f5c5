//! The configuration from outside: the real binary, its flags, environment, file and exit codes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use chinwag::config::{self, LIMITS, SETTINGS};

const OK: Option<i32> = Some(0);
const WRONG: Option<i32> = Some(2);

/// Runs the binary with nothing but these arguments and variables.
fn chinwag(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chinwag"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("the binary runs")
}

/// A file that is gone when the test is over.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, text).expect("a writable directory");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path of plain letters")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("the file is still there");
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// Finds the line of `check` that sets a key, without the blanks before the comment.
fn line(output: &Output, key: &str) -> String {
    let stdout = stdout(output);
    let line = stdout.lines().find(|line| line.starts_with(&format!("{key} = ")));
    line.expect(key).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn check_prints_the_effective_configuration_and_where_it_came_from() {
    let file = File::new(
        "sources.toml",
        "# ours\nping-after = \"1s\"\npong_within = \"2s\"\nlag_max = \"3s\"\necho = true\n\n\
         [limits]\nclose-within = \"4s\"\nhistory_max = 60\n",
    );
    let output = chinwag(
        &["--config", file.path(), "check", "--lag-max", "30s", "--limit", "close-within=40s"],
        &[("CHINWAG_PONG_WITHIN", "20s"), ("CHINWAG_LAG_MAX", "20s")],
    );
    assert_eq!(output.status.code(), OK, "{}", stderr(&output));
    assert_eq!(line(&output, "ping_after"), format!("ping_after = \"1s\" # {}:2", file.path()));
    assert_eq!(line(&output, "pong_within"), "pong_within = \"20s\" # CHINWAG_PONG_WITHIN");
    assert_eq!(line(&output, "lag_max"), "lag_max = \"30s\" # --lag-max");
    assert_eq!(line(&output, "close_within"), "close_within = \"40s\" # --limit close_within");
    assert_eq!(line(&output, "history_max"), format!("history_max = 60 # {}:9", file.path()));
    assert_eq!(line(&output, "echo"), format!("echo = \"on\" # {}:5", file.path()));
    assert_eq!(line(&output, "rate_limit"), "rate_limit = 5 # default");
    assert_eq!(stderr(&output), "");
}

#[test]
fn the_output_of_check_is_an_equivalent_config_file() {
    let flags = [
        "check",
        "--listen=127.0.0.1:0",
        "--listen=[::1]:0",
        "--rate-limit=off",
        "--allow-origin=https://app.example",
        "--lobby=caf\u{e9} \"au\" \\ lait",
        "--echo",
        "--message-ttl=1d",
        "--trusted-proxy=loopback",
        "--trusted-proxy=::ffff:10.0.0.0/104",
        "--limit=ttl_max=2d",
    ];
    let first = chinwag(&flags, &[]);
    assert_eq!(first.status.code(), OK, "{}", stderr(&first));
    let file = File::new("again.toml", &stdout(&first));
    let again = chinwag(&["check", "--config", file.path()], &[]);
    assert_eq!(again.status.code(), OK, "{}", stderr(&again));
    let values = |output: &Output| -> Vec<String> {
        let stdout = stdout(output);
        stdout.lines().map(|line| line.split("  #").next().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(values(&first), values(&again));
}

#[test]
fn check_and_start_report_all_faults_at_once() {
    let file = File::new(
        "wrong.toml",
        "ping_aftr = \"9s\"\npong-within = 10\n\n[limits]\nlistened_max = 1\n\n[limit]\n",
    );
    let name = file.path();
    for command in [&["check"][..], &[]] {
        let arguments =
            [&["--config", name, "--limit", "sends_burst_max=-1", "--listen", "8080"], command]
                .concat();
        let environment =
            [("CHINWAG_PING_AFTER", "banana"), ("CHINWAG_LOG_LEVL", "info"), ("CHINWAG_LOBBY", "")];
        let output = chinwag(&arguments, &environment);
        assert_eq!(output.status.code(), WRONG);
        assert_eq!(stdout(&output), "");
        let advice = "not a duration; use a number and a unit, such as 9s, 500ms or 2m";
        let mut lines: Vec<String> = stderr(&output).lines().map(str::to_owned).collect();
        // The order of the environment is the system's.
        lines[4..6].sort();
        assert_eq!(
            lines,
            [
                format!("{name}:1: ping_aftr: unknown setting; did you mean ping_after?"),
                format!("{name}:2: pong-within = 10: {advice}"),
                format!("{name}:5: listened_max: unknown limit; did you mean listed_max?"),
                format!("{name}:7: limit: unknown table; the only one is [limits]"),
                "CHINWAG_LOG_LEVL: unknown setting; did you mean CHINWAG_LOG_LEVEL?".into(),
                format!("CHINWAG_PING_AFTER=banana: {advice}"),
                "--listen 8080: 8080 is not an address; use a numeric host or localhost and a \
                 port, such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:80"
                    .into(),
                "--limit sends_burst_max=-1: not a whole number; use digits only, such as 64"
                    .into(),
            ]
        );
    }
}

#[test]
fn conflicting_settings_are_reported_with_their_origin() {
    for (arguments, fault) in [
        (&["--limit=sends_burst_max=0"][..], "--limit sends_burst_max=0: must be greater than 0"),
        (&["--rate-limit=0"], "--rate-limit 0: must be greater than 0, or off"),
        (&["--pong-within=0s"], "--pong-within 0s: must be greater than 0"),
        (
            &["--limit=history_max=20"],
            "history_default = 50 (default): greater than history_max (20)",
        ),
        (
            &["--message-bytes-max=1KiB"],
            "content_chars_max = 4000 (default): does not fit into message_bytes_max (1KiB); \
             allow 4 bytes a character and 1KiB",
        ),
        (
            &["--message-bytes-max=1MiB"],
            "--message-bytes-max 1MiB: greater than send_queue_bytes_max (256KiB)",
        ),
        (
            &["--message-ttl=8d"],
            "--message-ttl 8d: must be from ttl_min (5s) to ttl_max (7d), or off",
        ),
        (
            &["--listen=localhost:80", "--listen=127.0.0.1:80"],
            "--listen 127.0.0.1:80,127.0.0.1:80: an address is given twice",
        ),
        (
            &["--allow-origin=*", "--allow-origin=http://a.b"],
            "--allow-origin *,http://a.b: * already allows all; use either * or the others",
        ),
    ] {
        let output = chinwag(&[arguments, &["check"]].concat(), &[]);
        assert_eq!(stderr(&output), format!("{fault}\n"));
        assert_eq!(output.status.code(), WRONG);
    }
    for (argument, fault) in [
        (
            "--proxy-protocol=on",
            "--proxy-protocol on: no proxy is trusted; name them with trusted-proxy",
        ),
        (
            "--trusted-proxy=10.0.0.1/8",
            "--trusted-proxy 10.0.0.1/8: 10.0.0.1/8 is not a network; use an address or a \
             CIDR block, such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32, or loopback, private or \
             any",
        ),
        (
            "--trusted-proxy=10.0.0.0/8,::/0",
            "--trusted-proxy 10.0.0.0/8,::/0: ::/0 is every address, and whoever connects could \
             pass for anybody; use private, or any if that is meant",
        ),
        ("--mode=xml", "--mode xml: use one of json, text, simple"),
        ("--limit=ttl_min=8d", "--limit ttl_min=8d: greater than ttl_max (7d)"),
        (
            "--lobby=lob\u{200b}by",
            "--lobby lob\u{200b}by: not a room name: U+200B cannot stand in a name like this",
        ),
        (
            "--limit=room_bytes_max=4",
            "lobby = lobby (default): not a room name: a room's name has at most 4 bytes",
        ),
    ] {
        let output = chinwag(&[argument, "check"], &[]);
        assert_eq!(stderr(&output), format!("{fault}\n"));
        assert_eq!(output.status.code(), WRONG);
    }
    for lobby in ["", "@Bob", "a/b", "a\nb", " a", "＠Bob", "a  b", "\u{2800}", &"x".repeat(65)] {
        let output = chinwag(&["--lobby", lobby, "check"], &[]);
        assert_eq!(output.status.code(), WRONG, "{lobby}");
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
}

#[test]
fn missing_or_weak_settings_of_accounts_are_reported() {
    let dear = "use at least 46MiB for 1, 19MiB for 2, 12MiB for 3, 9MiB for 4 or 7MiB for 5";
    for (arguments, fault) in [
        (&["--auth=closed"][..], "--auth closed: use one of open, optional, required".to_owned()),
        (&["--password-chars-min=7"], "--password-chars-min 7: too short; use at least 8".into()),
        (
            &["--limit=password_bytes_max=63"],
            "--limit password_bytes_max=63: use 64 to 64KiB".into(),
        ),
        (
            &["--password-chars-min=20", "--limit=password_bytes_max=64"],
            "--password-chars-min 20: does not fit into password_bytes_max (64); allow 4 \
             bytes a character"
                .into(),
        ),
        (
            &["--limit=password_memory_bytes=6MiB"],
            "--limit password_memory_bytes=6MiB: use 7MiB to 1GiB".into(),
        ),
        (&["--limit=password_passes=17"], "--limit password_passes=17: use 1 to 16".into()),
        (
            &["--limit=password_passes=1"],
            format!(
                "password_memory_bytes = 19MiB (default): too little for password_passes (1); {dear}"
            ),
        ),
        (&["--token-life=59s"], "--token-life 59s: too short; use at least 1m".into()),
        (
            &["--limit=token_bytes_max=1KiB"],
            "--limit token_bytes_max=1KiB: too small for name_bytes_max (128); allow three times \
             that and 1KiB"
                .into(),
        ),
        (&["--limit=leeway=61s"], "--limit leeway=61s: too long; use at most 60s".into()),
        (&["--limit=login_burst=0"], "--limit login_burst=0: must be greater than 0".into()),
    ] {
        let output = chinwag(&[arguments, &["check"]].concat(), &[]);
        assert_eq!(stderr(&output), format!("{fault}\n"));
        assert_eq!(output.status.code(), WRONG);
    }
}

#[test]
fn keys_of_an_identity_provider_are_read_at_start() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/tests/keys/");
    let key = |name: &str| format!("--jwt-public-key={keys}{name}.pem");
    let named = ["--jwt-issuer=https://id.example", "--jwt-audience=chat"];
    let run = |arguments: &[&str]| chinwag(&[arguments, &["check"]].concat(), &[]);
    for name in ["ed25519", "p256", "rsa"] {
        let output = run(&[&[&*key(name)][..], &named].concat());
        assert_eq!((stderr(&output).as_str(), output.status.code()), ("", OK));
    }
    let set = File::new("keys.json", "{\"keys\":[]}");
    let (jwks, ed25519) = (format!("--jwks={}", set.path()), key("ed25519"));
    let told = |arguments: &[&str]| {
        let output = run(arguments);
        assert_eq!(output.status.code(), WRONG);
        stderr(&output).trim_end().to_owned()
    };
    for (arguments, fault) in [
        (&[&*ed25519][..], "needs jwt-issuer too, the iss claim of the tokens"),
        (&[&ed25519, named[0]], "needs jwt-audience too, the aud claim of the tokens"),
        (&[&ed25519, named[1]], "needs jwt-issuer too, the iss claim of the tokens"),
        (&[named[0]], "needs jwt-public-key or jwks too"),
        (&[named[1]], "needs jwt-public-key or jwks too"),
        (&["--jwt-admins"], "needs jwt-public-key or jwks too"),
        (
            &[&ed25519, "--jwt-issuer=chinwag", named[1]],
            "the name of this server itself; use that of the identity provider",
        ),
        (
            &[&ed25519, &jwks, named[0], named[1]],
            "jwt-public-key is given too; use only one of them",
        ),
        (
            &[&jwks, named[0], named[1]],
            "no key that signs tokens; write Ed25519, P-256 or RSA (RS256)",
        ),
        (
            &["--jwt-public-key=/nowhere/key.pem", named[0], named[1]],
            "cannot be read: No such file or directory (os error 2)",
        ),
        (
            &["--jwt-public-key=/dev/zero", named[0], named[1]],
            "too large; use a file of at most 256KiB",
        ),
        (
            &[&key("p384"), named[0], named[1]],
            "unsupported kind of key; write Ed25519, P-256 or RSA",
        ),
        (
            &[&key("rsa-1024"), named[0], named[1]],
            "unsupported RSA key size; write a key of 2048 to 8192 bits",
        ),
        (
            &[&key("ed25519.secret"), named[0], named[1]],
            "a private key; write the public key, and keep the private one secret",
        ),
        (
            &[&key("certificate"), named[0], named[1]],
            "a certificate; write its public key, from openssl x509 -pubkey -noout",
        ),
    ] {
        let told = told(arguments);
        // It begins with the setting as it was given.
        assert!(told.starts_with("--jw") && told.ends_with(&format!(": {fault}")), "{told}");
    }
}

#[test]
fn invalid_toml_is_reported_with_line_and_column() {
    for (text, at) in [("a = 1\nb = [\n", ":2:6: "), ("ping_after 9s", ":1:12: ")] {
        let file = File::new(&format!("broken-{}.toml", text.len()), text);
        let output = chinwag(&["check", "--config", file.path()], &[]);
        let told = stderr(&output);
        assert!(told.starts_with(&format!("{}{at}not TOML: ", file.path())), "{told}");
        assert_eq!((told.lines().count(), output.status.code()), (1, WRONG));
    }
    let file = File::new("twice.toml", "ping_after = \"1s\"\nping-after = \"2s\"\n");
    let told = stderr(&chinwag(&["check", "--config", file.path()], &[]));
    assert!(told.contains(":2: ping-after: given twice"), "{told}");
}

#[test]
fn an_unreadable_file_is_reported() {
    for (arguments, environment) in [
        (&["--config", "/nowhere/a.toml"][..], &[][..]),
        (&[], &[("CHINWAG_CONFIG", "/nowhere/a.toml")]),
    ] {
        let output = chinwag(arguments, environment);
        let told = stderr(&output);
        assert!(told.starts_with("/nowhere/a.toml: cannot be read: "), "{told}");
        assert_eq!(output.status.code(), WRONG);
    }
}

#[test]
fn variables_set_by_an_orchestrator_are_ignored() {
    let environment = [
        ("CHINWAG_PORT", "tcp://10.0.0.1:80"),
        ("CHINWAG_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("CHINWAG_SERVICE_HOST", "10.0.0.1"),
        ("CHINWAG_PING_AFTER", ""),
        ("CHINWAG_CONFIG", ""),
        ("CHINWAGON", "1"),
    ];
    let output = chinwag(&["check"], &environment);
    assert_eq!(output.status.code(), OK, "{}", stderr(&output));
    assert_eq!(stdout(&output), stdout(&chinwag(&["check"], &[])));
}

#[test]
fn a_setting_of_0_1_0_that_has_become_a_limit_is_refused_with_what_replaces_it() {
    let limit = "no longer a setting; use --limit sends_burst_max=VALUE";
    for flag in [&["--rate-burst", "5", "check"][..], &["check", "--rate-burst=5"]] {
        let output = chinwag(flag, &[]);
        assert_eq!(stderr(&output), format!("--rate-burst: {limit}\n"));
        assert_eq!(output.status.code(), WRONG);
    }
    let output = chinwag(&["check"], &[("CHINWAG_RATE_BURST", "5")]);
    assert_eq!(stderr(&output), format!("CHINWAG_RATE_BURST: {limit}\n"));
    let file =
        File::new("formerly.toml", "rate-burst = 5\n\n[limits]\nrate_burst = 5\nlobby = 1\n");
    let (name, output) = (file.path(), chinwag(&["check", "--config", file.path()], &[]));
    assert_eq!(
        stderr(&output).lines().collect::<Vec<_>>(),
        [
            format!(
                "{name}:1: rate-burst: no longer a setting; use sends_burst_max under [limits]"
            ),
            format!("{name}:4: rate_burst: unknown limit; did you mean sends_burst_max?"),
            format!("{name}:5: lobby: not a limit but a setting; use --lobby"),
        ]
    );
}

#[test]
fn every_limit_replaces_its_setting_of_0_1_0() {
    for limit in LIMITS {
        let flag = format!("--{}", limit.old_key.replace('_', "-"));
        let named = config::replacement(&flag).expect(&flag);
        assert!(named.ends_with(&format!("use --limit {}=VALUE", limit.key)), "{named}");
    }
}

#[test]
fn an_unknown_flag_is_reported_with_the_nearest_one() {
    let output = chinwag(&["--pong-withn", "1s"], &[]);
    assert_eq!(output.status.code(), WRONG);
    let told = stderr(&output);
    assert!(told.contains("'--pong-withn'") && told.contains("'--pong-within'"), "{told}");
}

#[test]
fn help_explains_every_setting_with_its_default() {
    let output = chinwag(&["--help"], &[]);
    assert_eq!(output.status.code(), OK);
    let help = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for setting in SETTINGS {
        let text = format!("{} ", setting.help().trim_end_matches('.'));
        let default = setting.default_text();
        let default =
            if default.is_empty() { String::new() } else { format!("[default: {default}]") };
        assert!(help.contains(&format!("--{}", setting.flag())), "{}", setting.key);
        assert!(help.contains(format!("{text}{default}").trim_end()), "{}", setting.key);
    }
    assert!(!help.contains("--limit <"), "experts only");
    let version = chinwag(&["--version"], &[]);
    assert_eq!(stdout(&version), concat!("chinwag ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn help_fits_on_two_screens() {
    let lines = stdout(&chinwag(&["--help"], &[])).lines().count();
    assert!(lines <= 100 && SETTINGS.len() < 70, "{lines} lines, {} settings", SETTINGS.len());
}

#[test]
fn the_table_in_the_readme_is_the_table_of_settings() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).expect("README.md");
    let (begin, end) = ("<!-- settings -->\n", "<!-- /settings -->");
    let (before, rest) = readme.split_once(begin).expect(begin);
    let (table, after) = rest.split_once(end).expect(end);
    let right = config::markdown();
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, format!("{before}{begin}{right}{end}{after}")).expect("a writable README");
    } else {
        assert!(table == right, "run: UPDATE_README=1 cargo test --test config readme");
    }
}

#[test]
fn the_manual_page_and_the_completions_name_every_setting() {
    for arguments in
        [&["man"][..], &["completions", "bash"], &["completions", "zsh"], &["completions", "fish"]]
    {
        // Whoever makes a package has no server to configure.
        let output = chinwag(arguments, &[("CHINWAG_LISTEN", "nowhere")]);
        assert_eq!(output.status.code(), OK, "{}", stderr(&output));
        let text = stdout(&output).replace('\\', "");
        for setting in SETTINGS {
            assert!(text.contains(&setting.flag()), "{arguments:?}: {}", setting.flag());
        }
    }
    assert_eq!(chinwag(&["completions", "cmd"], &[]).status.code(), WRONG);
}
