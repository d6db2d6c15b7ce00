use super::*;

fn outcomes(body: &str) -> Vec<Result<String, String>> {
    parse(body.as_bytes(), "/eventlog", None).unwrap().into_parts().1
}

fn problem(body: &str) -> String {
    let outcomes = outcomes(body);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.into_iter().next().unwrap().unwrap_err()
}

const GOOD: &str = r#"{"facility":"web","level":"info","event":"started"}"#;

#[test]
fn one_object_an_array_or_lines() {
    let pretty = "{\n \"facility\": \"web\",\n \"level\": \"info\",\n \"event\": \"started\"\n}\n";
    let web = || Ok("web".to_owned());
    assert_eq!(outcomes(GOOD), [web()]);
    assert_eq!(outcomes(pretty), [web()]);
    assert_eq!(outcomes(&format!("[{GOOD},\n{GOOD}]")), [web(), web()]);
    assert_eq!(outcomes(&format!("{GOOD}\n\n{GOOD}\r\n")), [web(), web()]);
}

#[test]
fn a_bad_event_does_not_take_the_others_with_it() {
    let body = format!("{GOOD}\nnot json\n{GOOD}");
    let lines = outcomes(&body);
    assert!(lines[0].is_ok() && lines[1].is_err() && lines[2].is_ok(), "{lines:?}");
    let array = outcomes(&format!("[{GOOD},{{\"facility\":\"web\"}},7]"));
    assert!(array[0].is_ok() && array[1].is_err() && array[2].is_err(), "{array:?}");
}

#[test]
fn what_is_no_body_of_events_is_refused_as_a_whole() {
    for (body, part) in [
        (&b"not json"[..], "no JSON"),
        (b"{", "no JSON"),
        (b"[", "no JSON"),
        (b"", "no JSON"),
        (b"[]", "no event"),
        (format!("[{}1]", "1,".repeat(MAX_EVENTS)).as_bytes(), "at most"),
        ("1\n".repeat(MAX_EVENTS + 1).as_bytes(), "at most"),
        (b"\xff", "not UTF-8"),
    ] {
        let error = parse(body, "/eventlog", None).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn says_what_is_wrong_with_an_event() {
    for (body, part) in [
        (r#"{"level":"info","event":"x"}"#, "missing field `facility`"),
        (r#"{"facility":"web","event":"x"}"#, "missing field `level`"),
        (r#"{"facility":"web","level":"info"}"#, "missing field `event`"),
        (r#"{"facility":"web","level":"info","event":""}"#, "`event` is empty"),
        (r#"{"facility":"a/b","level":"info","event":"x"}"#, "it has a slash"),
        (r#"{"facility":"web","level":"loud","event":"x"}"#, "`loud` is no level"),
        (r#"{"facility":"web","level":"info","event":"x","timestamp":"noon"}"#, "no timestamp"),
        (r#"{"facility":"web","level":"info","event":"x","timestamp":-1}"#, "no timestamp"),
        (r#"{"facility":"web","level":"info","event":"x","lvl":1}"#, "unknown field `lvl`"),
        (r#"{"facility":"web","level":"info","event":"x","additional":[1]}"#, "an object of names"),
        (r#"{"facility":"web","level":"info","event":"x","additional":{"":1}}"#, "is empty"),
    ] {
        let problem = problem(body);
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn values_keep_their_kind() {
    for (json, expect) in [
        ("\"a\\nb\"", Value::Text("a\nb")),
        ("-7", Value::Int(-7)),
        ("9223372036854775808", Value::Text("9223372036854775808")),
        ("0.5", Value::Float(0.5)),
        ("1e3", Value::Float(1000.0)),
        ("true", Value::Flag(true)),
        ("null", Value::Text("null")),
        ("[1, {\"a\":2}]", Value::Text("[1, {\"a\":2}]")),
    ] {
        let object = format!("{{\"x\":{json}}}");
        let additional: Additional<'_> = serde_json::from_str(&object).unwrap();
        let texts = additional.texts().unwrap();
        assert_eq!(value(additional.0[0].1.get(), &texts[0]), expect, "{json}");
    }
}

#[test]
fn timestamps_are_text_or_numbers() {
    let time = |json: &str| time_of(serde_json::from_str(json).unwrap()).unwrap().0;
    for json in [
        "\"2023-11-14T22:13:20.5Z\"",
        "\"2023-11-14T23:13:20.5+01:00\"",
        "1700000000.5",
        "1700000000500",
    ] {
        assert_eq!(time(json), 1_700_000_000_500_000_000, "{json}");
    }
}

#[test]
fn only_some_of_many_bad_events_are_told_why() {
    let outcomes = outcomes(&format!("[{}{GOOD}]", "1,".repeat(MAX_ERRORS + 5)));
    let told = outcomes.iter().filter(|o| o.as_ref().is_err_and(|e| !e.is_empty())).count();
    assert_eq!((told, outcomes.len()), (MAX_ERRORS, MAX_ERRORS + 6));
    assert!(outcomes.last().unwrap().is_ok());
}
