//! Generates the messages from `*.proto`. protox parses the schema in Rust, so nobody needs `protoc`.

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let schema = ["wire.proto", "query.proto", "buffer.proto"];
    for file in schema {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(schema, ["."])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
