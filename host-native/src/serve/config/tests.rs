use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn env_of(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    let pairs: Vec<(String, String)> =
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    move |name| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone())
}

fn resolve(args: &Args, env: &[(&str, &str)], toml: &str) -> anyhow::Result<Config> {
    let env = env_of(env);
    let file = file::parse(toml).map_err(|e| anyhow!(e))?;
    Sources::new(args, &env, file, None)?.resolve()
}

fn with_secret<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [("LOGD_READ_SECRET", SECRET)].into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn flag_goes_before_environment_before_file_before_default() {
    let file = "udp = \":1\"\nttl = \"1s\"\n";
    let env = with_secret(&[("LOGD_UDP_LADDRPORT", ":2")]);
    let flag = Args { udp: Some(":3".into()), ..Args::default() };
    assert_eq!(resolve(&flag, &env, file).unwrap().udp, Listen::Any(3));
    assert_eq!(resolve(&Args::default(), &env, file).unwrap().udp, Listen::Any(2));
    let config = resolve(&Args::default(), &with_secret(&[]), file).unwrap();
    assert_eq!(config.udp, Listen::Any(1));
    assert_eq!(config.ttl, Duration::from_secs(1));
    let config = resolve(&Args::default(), &with_secret(&[]), "").unwrap();
    assert_eq!(config.udp, Listen::Any(6102));
    let set = Args { set: vec!["limits.tails=3".into()], ..Args::default() };
    let config = resolve(&set, &with_secret(&[("LOGD_LIMITS_TAILS", "9")]), "").unwrap();
    assert_eq!(config.limits.tails, 3);
}

#[test]
fn every_default_is_valid() {
    let config = resolve(&Args::default(), &with_secret(&[]), "").unwrap();
    assert_eq!(config.fallback.max_age, None);
    assert!(config.allow_origin.is_empty());
}

#[test]
fn errors_name_their_source() {
    for (toml, env, expect) in [
        ("ttl = \"soon\"", with_secret(&[]), "line 1: ttl: `soon` is no duration"),
        ("", with_secret(&[("LOGD_TTL", "0s")]), "LOGD_TTL: the ttl must be above zero"),
        ("[limits]\ntails = 0", with_secret(&[]), "line 2: limits.tails: must be above zero"),
        (
            "[eventlog]\nenabled = true\nprefix = \"log\"",
            with_secret(&[]),
            "line 3: eventlog.prefix: `log` is no prefix",
        ),
        ("[eventlog]\nenabled = \"on\"", with_secret(&[]), "neither true nor false"),
        ("http = \"nowhere at all\"", with_secret(&[]), "is no address"),
        ("ingest_threads = 0", with_secret(&[]), "line 1: ingest_threads: must be 1 to 16"),
        ("", with_secret(&[("LOGD_INGEST_THREADS", "17")]), "LOGD_INGEST_THREADS: must be 1 to 16"),
        ("[[rings]]\nprefix = \"/a\"", with_secret(&[]), "a ring needs `size`"),
        ("[[rings]]\nprefix = \"a//b\"\nsize = 1", with_secret(&[]), "line 2: `a//b` is no prefix"),
    ] {
        let got = format!("{:#}", resolve(&Args::default(), &env, toml).unwrap_err());
        assert!(got.contains(expect), "{got}");
    }
    let typo = Args { set: vec!["tial=1".into()], ..Args::default() };
    let got = resolve(&typo, &with_secret(&[]), "").unwrap_err().to_string();
    assert!(got.contains("unknown key `tial`"), "{got}");
}

#[test]
fn without_a_secret_it_refuses_and_says_how() {
    let got = resolve(&Args::default(), &[], "").unwrap_err().to_string();
    assert!(got.contains("--dev") && got.contains("openssl rand -hex 32"), "{got}");
    let dev = Args { dev: true, ..Args::default() };
    let config = resolve(&dev, &[], "").unwrap();
    assert_eq!(config.secrets.len(), 2);
    assert_ne!(config.secrets[0].value, config.secrets[1].value);
    assert_eq!(config.eventlog.map(|door| door.prefix).as_deref(), Some("/eventlog"));
    let off = Args { set: vec!["eventlog.enabled=false".into()], ..dev.clone() };
    assert_eq!(resolve(&off, &[], "").unwrap().eventlog, None);
    assert_eq!(config.udp, Listen::At(([127, 0, 0, 1], 6102).into()));
    let open = Args { udp: Some(":7".into()), ..dev };
    assert_eq!(resolve(&open, &[], "").unwrap().udp, Listen::Any(7));
}

#[test]
fn secrets_of_the_file_yield_to_the_environment_one_right_at_a_time() {
    let toml = format!(
        "[[secrets]]\nname = \"a\"\nright = \"read\"\nsecret = \"{SECRET}\"\n\
         [[secrets]]\nname = \"b\"\nright = \"write\"\nsecret = \"{SECRET}\"\nlegacy_sha256 = true\n\
         [[secrets]]\nname = \"c\"\nright = \"write\"\nsecret = \"{SECRET}x\"\n"
    );
    let config = resolve(&Args::default(), &with_secret(&[]), &toml).unwrap();
    let names: Vec<_> = config.secrets.iter().map(|s| (s.name.as_str(), s.legacy_sha256)).collect();
    assert_eq!(names, [("read-env", false), ("b", true), ("c", false)]);
}

#[test]
fn bad_secrets_are_refused_and_never_shown() {
    for (value, expect) in [
        ("hunter2", "fewer than 16 bytes"),
        (" padded secret of some length", "white space"),
        ("tab\tin the middle of it", "control characters"),
    ] {
        let env = [("LOGD_READ_SECRET", value)];
        let got = resolve(&Args::default(), &env, "").unwrap_err().to_string();
        assert!(got.contains(expect), "{got}");
        assert!(!got.contains(value), "{got}");
    }
    let both = [("LOGD_READ_SECRET", SECRET), ("LOGD_READ_SECRET_FILE", "/x")];
    let got = resolve(&Args::default(), &both, "").unwrap_err().to_string();
    assert!(got.contains("both set"), "{got}");
    let config = resolve(&Args::default(), &with_secret(&[]), "").unwrap();
    assert!(!format!("{config:?}").contains(SECRET));
    let weak = [("LOGD_WRITE_SECRET", "aaaaaaaaaaaaaaaaaaaa")];
    let config = resolve(&Args::default(), &weak, "").unwrap();
    assert!(config.secrets[0].weakness().unwrap().contains("1 distinct"));
}

#[test]
fn a_secret_file_loses_only_its_line_end() {
    let dir = std::env::temp_dir().join(format!("logd-secret-{}", std::process::id()));
    std::fs::write(&dir, format!("{SECRET}\n")).unwrap();
    let env = [("LOGD_WRITE_SECRET_FILE", dir.to_str().unwrap())];
    let config = resolve(&Args::default(), &env, "");
    std::fs::remove_file(&dir).unwrap();
    assert_eq!(config.unwrap().secrets[0].value.as_str(), SECRET);
}

#[test]
fn addresses() {
    assert_eq!("6101".parse(), Ok(Listen::Any(6101)));
    assert_eq!(":6101".parse(), Ok(Listen::Any(6101)));
    assert_eq!("127.0.0.1:1".parse(), Ok(Listen::At(([127, 0, 0, 1], 1).into())));
    assert_eq!("[::1]:1".parse::<Listen>().unwrap().to_string(), "[::1]:1");
    assert!("70000".parse::<Listen>().is_err());
}
