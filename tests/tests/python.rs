//! A client that shares no code with this project: `docs/examples/send.py`.

use std::process::Command;

use logd_tests::{Daemon, WRITE_SECRET, repository};

fn python(daemon: &Daemon, args: &[&str]) {
    let mut python = Command::new("python3");
    python.args(args).current_dir(repository().join("docs/examples"));
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    daemon.environment(&mut python);
    assert!(python.status().expect("python3 is there").success());
}

fn output(mut command: Command) -> String {
    let out = command.output().expect("the program was built");
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("the output is UTF-8")
}

#[test]
fn what_python_sends_is_stored_and_shown() {
    let daemon = Daemon::start(&[]);
    python(&daemon, &["send.py", "/dev/me/python", "hello from Python, größer"]);
    daemon.wait_for(|info| info["ingest"]["events_stored"] == 1);

    let text = "hello from Python, größer";
    assert!(output(daemon.logd(&["query", "key:/dev/me"])).contains(text));
    assert!(daemon.get("/").contains(text));
    assert!(daemon.get("/api/v1/query?q=level:info").contains(text));
}

#[test]
fn the_same_packet_again_is_a_replay() {
    let daemon = Daemon::start(&[]);
    let address = daemon.udp();
    let script = format!(
        "import send, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
packet = send.datagram('{WRITE_SECRET}', '/dev/me/python', 'once', time.time_ns())
for _ in range(3): s.sendto(packet, ('{}', {}))",
        address.ip(),
        address.port()
    );
    python(&daemon, &["-c", &script]);
    let info = daemon.wait_for(|info| info["ingest"]["datagrams"] == 3);
    assert_eq!(info["ingest"]["events_stored"], 1);
    assert_eq!(info["ingest"]["drops"]["replay"], 2);
    assert_eq!(info["ingest"]["drops"].as_object().unwrap().len(), 1);
}
