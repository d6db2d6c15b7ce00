//! Flags of `logd serve`.

use std::path::PathBuf;

/// Flags of `logd serve`. A flag goes before the environment, the environment before logd.toml.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Make random secrets for what has none, listen on loopback only, open the event log, and print commands to try
    #[arg(long)]
    pub dev: bool,

    /// The configuration file [env: LOGD_CONFIG] [default: ./logd.toml or /etc/logd/logd.toml, if there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Where signed datagrams arrive [env: LOGD_UDP_LADDRPORT] [default: :6102]
    #[arg(long, value_name = "[ADDR]:PORT")]
    pub udp: Option<String>,

    /// Where HTTP is served [env: LOGD_APP_PORT] [default: :6101]
    #[arg(long, value_name = "[ADDR]:PORT")]
    pub http: Option<String>,

    /// File with the read secret [env: LOGD_READ_SECRET or LOGD_READ_SECRET_FILE]
    #[arg(long, value_name = "FILE")]
    pub read_secret_file: Option<PathBuf>,

    /// File with the write secret [env: LOGD_WRITE_SECRET or LOGD_WRITE_SECRET_FILE]
    #[arg(long, value_name = "FILE")]
    pub write_secret_file: Option<PathBuf>,

    /// File with the delete secret [env: LOGD_DELETE_SECRET or LOGD_DELETE_SECRET_FILE]
    #[arg(long, value_name = "FILE")]
    pub delete_secret_file: Option<PathBuf>,

    /// Most memory the daemon may need; more is refused at start [env: LOGD_MEMORY_LIMIT] [default: 1GiB]
    #[arg(long, value_name = "SIZE")]
    pub memory_limit: Option<String>,

    /// What the daemon itself logs: error, warn, info, debug, trace, or a tracing filter [env: LOGD_LOG]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,

    /// Any other setting, as in `--set ttl=1s`; docs/configuration.md lists them
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Check the configuration, print what the memory is for, and exit
    #[arg(long)]
    pub check: bool,
}
